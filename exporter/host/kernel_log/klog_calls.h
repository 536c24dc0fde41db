// Reads the log by the klog calls (syslog(2)), which copy all of it at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "exporter/host/kernel_log/kernel_message.h"
#include "exporter/host/kernel_log/seen_lines.h"

namespace memleak {

// The calls do not mark the pieces of a line, nor of a record with newlines, so all is handed over
// as lines. Whoever can have a kernel's message hold a newline and a text of their choice could
// pass that off as a line of its own; names of processes are too short to imitate a kill. One
// thread.
class KlogCalls {
 public:
  // klogctl(3).
  using Call = std::function<int(int action, char* buffer, int size)>;
  static constexpr size_t kMaxBytes = size_t{16} << 20;

  explicit KlogCalls(Call call);

  // Whether the calls are permitted; errno says why not.
  bool Probe() const;

  // Hands over the kernel's own messages since the last call, of at most `max_lines` lines. Only
  // looks when `kills`, the node's count of OOM kills, has changed or is unknown, and once more in
  // the call after: the count is raised before the message is printed. False with errno when
  // refused.
  bool Read(const std::optional<uint64_t>& kills, size_t max_lines,
            const std::function<void(const KernelMessage&)>& visit);

  // How often what had been read last was overwritten, so that something may be missing.
  uint64_t lost() const { return lost_; }

 private:
  bool Copy();

  Call call_;
  std::vector<char> buffer_;
  size_t size_ = 0;  // of what was copied
  SeenLines seen_;
  bool look_again_ = true;
  std::optional<uint64_t> kills_;
  uint64_t lost_ = 0;
};

}  // namespace memleak
