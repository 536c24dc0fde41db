// How one read of the host went. Trouble with one process is a value, never an exception or a log
// line: processes vanish and deny all the time.
#pragma once

#include <cstdint>

namespace memleak {

enum class ReadStatus : uint8_t {
  kOk,
  kGone,       // ENOENT, ESRCH: the process ended between two reads; or EOPNOTSUPP: the kernel was
               // told to do without (psi=0)
  kDenied,     // EACCES, EPERM
  kMalformed,  // it was read, and is not what the kernel documents; or it could not be read at all
};

// The status for a failed system call's errno.
ReadStatus StatusOfErrno(int error);

}  // namespace memleak
