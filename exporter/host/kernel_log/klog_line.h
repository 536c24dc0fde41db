// One line of what the klog calls copy (syslog(2)): "<PRIORITY>[SECONDS] TEXT", with "[CALLER]"
// behind the seconds where the kernel notes callers, and without "[SECONDS] " where it notes no
// times (printk.time=0). The kernel writes this before each line of a message that has several.
//
// Pure: no I/O, no state.
#pragma once

#include <optional>
#include <string_view>

namespace memleak {

struct KlogLine {
  bool kernels_own = false;       // not of user space, which may write into the log what it likes
  std::optional<double> seconds;  // since boot; absent where the kernel notes no times
  std::string_view text;          // raw bytes
};

// `line` is without its newline. Nothing when it does not begin as the kernel's lines do.
std::optional<KlogLine> ParseKlogLine(std::string_view line);

}  // namespace memleak
