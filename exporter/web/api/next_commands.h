// What to run next to find out where a leak is: commands of the runbooks (dashboards/runbooks).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

struct NextCommand {
  std::string command;
  std::string_view shows;
};

enum class LeakKind : uint8_t { kMemory, kSharedMemory, kDescriptors };

// At most three, the cheapest first. `runtime` as it is exported, empty where unknown; `pid` is
// filled in. None of them ends the process, and what is risky says so.
std::vector<NextCommand> NextCommands(std::string_view runtime, LeakKind leak, int32_t pid);

}  // namespace memleak
