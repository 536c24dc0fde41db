// Parser of /proc/PID/limits (proc_pid_limits(5)). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// The soft limit of open files; nothing when the line is missing, malformed or "unlimited".
std::optional<uint64_t> ParseMaxOpenFiles(std::string_view text);

}  // namespace memleak
