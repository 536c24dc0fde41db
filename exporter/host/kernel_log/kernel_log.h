// Reads the kernel's log: each message that the kernel itself wrote, once, from boot on as far as
// the log still has it. What user space wrote into the log is left out: anyone may forge that.
//
// From /dev/kmsg (Documentation/ABI/testing/dev-kmsg in the kernel's tree), or by the klog calls
// (syslog(2)) where the device is refused, as in a container. A regular file in the device's place
// is a recording of its records, one to a line. Never blocks; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "exporter/host/kernel_log/kernel_message.h"

namespace memleak {

class KernelLog {
 public:
  enum class State { kDevice, kCalls, kRecording, kDenied, kAbsent };
  // A flood must not hold up a scrape: what is more waits for the next pass.
  static constexpr size_t kMaxMessagesPerPass = 100'000;

  // `device` is the path of kmsg. `calls_allowed` is false for a tree that is not this machine's:
  // then the log is only what `device` is. Opens nothing that can block; never throws for trouble.
  KernelLog(const std::string& device, bool calls_allowed);
  ~KernelLog();
  KernelLog(const KernelLog&) = delete;
  KernelLog& operator=(const KernelLog&) = delete;

  // Hands over what was written since the last call, oldest first; a message's text is valid during
  // `visit` only. The klog calls copy the whole log: with them, it is only read when `kills`, the
  // node's count of OOM kills, differs from that of the last read or is unknown. What is denied now
  // is tried again in the next pass. False while nothing can be read.
  bool Read(const std::optional<uint64_t>& kills,
            const std::function<void(const KernelMessage&)>& visit);

  State state() const;
  // Messages that were overwritten before we saw them, since the start; what the klog calls lost is
  // counted as one each time.
  uint64_t lost() const;
  // Passes in which the log was refused.
  uint64_t denied() const;

 private:
  struct Source;
  std::unique_ptr<Source> source_;
};

}  // namespace memleak
