// Reads /dev/kmsg, a record to each read (Documentation/ABI/testing/dev-kmsg in the kernel's tree).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "exporter/host/kernel_log/kernel_message.h"
#include "exporter/host/kernel_log/kmsg_sequence.h"

namespace memleak {

// One thread.
class KmsgDevice {
 public:
  // One read(2) of the device: the bytes, or -1 and errno.
  using ReadOne = std::function<ssize_t(char* buffer, size_t size)>;

  // Hands over the kernel's own messages up to now, of at most `max_records` records. False when
  // the device has failed: it has to be opened again, and what was read is then passed over.
  bool Read(const ReadOne& read_one, size_t max_records,
            const std::function<void(const KernelMessage&)>& visit);

  // Records that were overwritten after we had read the ones before them, or too long to be read.
  uint64_t lost() const { return sequence_.lost(); }

 private:
  // What 6.x puts into a record is at most 8 KiB, escapes included.
  std::vector<char> buffer_ = std::vector<char>(16 * 1024);
  std::string text_;
  KmsgSequence sequence_;
};

}  // namespace memleak
