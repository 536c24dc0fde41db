// The content of a small file that the configuration names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memleak {

inline constexpr size_t kMaxTextFileBytes = size_t{1} << 20;

// At most a byte more than kMaxTextFileBytes, so that a device cannot fill the memory. Throws
// StartupError where it cannot be read: `what`, which is the flag or key that names it, the path
// and the reason.
std::string ReadTextFile(std::string_view what, const std::string& path);

}  // namespace memleak
