// Parser of /proc/pressure/memory (Documentation/accounting/psi.rst): how long tasks waited for
// memory since boot. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// Microseconds. Both absent where the kernel does not measure it.
struct MemoryPressure {
  std::optional<uint64_t> some_microseconds;  // at least one task waited
  std::optional<uint64_t> full_microseconds;  // all tasks that could have run waited
};

// Returns nothing when there is no `some` line, or a line that is read is malformed or cut.
std::optional<MemoryPressure> ParseMemoryPressure(std::string_view text);

}  // namespace memleak
