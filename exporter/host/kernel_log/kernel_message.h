// One message of the kernel's log, whichever way it was read.
#pragma once

#include <cstdint>
#include <string_view>

namespace memleak {

struct KernelMessage {
  // How much this is of what the kernel printed.
  enum class Part : uint8_t {
    kWhole,     // a record, lines of it parted by newlines
    kFragment,  // a piece of a line, maybe the first; others may stand in between
    kLine,      // of the klog calls: a record's only line, or one of several, or a fragment
  };

  // Since boot, by the log's own clock, which may drift from the others. 0 where the log has none:
  // as the klog calls show it under printk.time=0.
  double seconds = 0;
  std::string_view text;  // raw bytes, without the line's end
  Part part = Part::kWhole;
};

}  // namespace memleak
