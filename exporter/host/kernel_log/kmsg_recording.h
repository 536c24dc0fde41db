// Reads a file of /dev/kmsg's records, a record to a line, lines of its dictionary (" KEY=VALUE")
// behind it: what `cat /dev/kmsg` printed, or a program still prints.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/kernel_log/kernel_message.h"
#include "exporter/host/kernel_log/kmsg_sequence.h"

namespace memleak {

// One thread.
class KmsgRecording {
 public:
  static constexpr size_t kMaxLineBytes = 64 * 1024;  // a longer line is passed over

  // Hands over the kernel's own messages that `file` has since the last call, of at most
  // `max_records` whole lines. False when it cannot be read.
  bool Read(int file, size_t max_records, const std::function<void(const KernelMessage&)>& visit);

  // Records that the sequence numbers say are missing.
  uint64_t lost() const { return sequence_.lost(); }

 private:
  void Take(std::string_view line, const std::function<void(const KernelMessage&)>& visit);

  std::vector<char> buffer_ = std::vector<char>(kMaxLineBytes);
  std::string text_;
  off_t offset_ = 0;
  bool passing_over_ = false;  // the rest of a line that was too long
  KmsgSequence sequence_;
};

}  // namespace memleak
