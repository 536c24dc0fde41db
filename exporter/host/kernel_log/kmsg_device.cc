#include "exporter/host/kernel_log/kmsg_device.h"

#include <cerrno>
#include <string_view>

#include "exporter/host/kernel_log/kmsg_record.h"

namespace memleak {

bool KmsgDevice::Read(const ReadOne& read_one, size_t max_records,
                      const std::function<void(const KernelMessage&)>& visit) {
  for (size_t records = 0; records < max_records; ++records) {
    const ssize_t got = read_one(buffer_.data(), buffer_.size());
    if (got == 0) return true;
    if (got < 0) {
      if (errno == EAGAIN) return true;
      // Overwritten, or longer than the buffer: the next read goes on behind it, and the sequence
      // number there says how many were missed.
      if (errno == EPIPE || errno == EINVAL || errno == EINTR) continue;
      return false;
    }
    const auto record =
        ParseKmsgRecord(std::string_view(buffer_.data(), static_cast<size_t>(got)), text_);
    if (!record || !sequence_.IsNew(record->sequence)) continue;
    if (record->kernels_own) visit(record->message);
  }
  return true;
}

}  // namespace memleak
