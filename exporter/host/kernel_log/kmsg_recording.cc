#include "exporter/host/kernel_log/kmsg_recording.h"

#include <unistd.h>

#include <cerrno>

#include "exporter/host/kernel_log/kmsg_record.h"
#include "exporter/host/text_scan.h"

namespace memleak {

bool KmsgRecording::Read(int file, size_t max_records,
                         const std::function<void(const KernelMessage&)>& visit) {
  size_t records = 0;
  while (records < max_records) {
    const ssize_t got = pread(file, buffer_.data(), buffer_.size(), offset_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    const std::string_view all(buffer_.data(), static_cast<size_t>(got));
    std::string_view text = all;
    std::string_view line;
    while (records < max_records && TakeLine(text, line)) {
      if (!passing_over_) Take(line, visit);
      passing_over_ = false;
      ++records;
    }
    if (text.size() == buffer_.size()) {
      passing_over_ = true;
      text = {};
    }
    offset_ += static_cast<off_t>(all.size() - text.size());
    // What is left is a line that is still being written.
    if (all.size() < buffer_.size()) return true;
  }
  return true;
}

void KmsgRecording::Take(std::string_view line,
                         const std::function<void(const KernelMessage&)>& visit) {
  const auto record = ParseKmsgRecord(line, text_);
  if (!record || !sequence_.IsNew(record->sequence)) return;
  if (record->kernels_own) visit(record->message);
}

}  // namespace memleak
