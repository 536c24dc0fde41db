#include "exporter/host/read_status.h"

#include <cerrno>

namespace memleak {

ReadStatus StatusOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ESRCH:
    case EOPNOTSUPP:
      return ReadStatus::kGone;
    case EACCES:
    case EPERM:
      return ReadStatus::kDenied;
    default:
      return ReadStatus::kMalformed;
  }
}

}  // namespace memleak
