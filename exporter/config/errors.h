// The two ways in which the program refuses to start. After start-up nothing throws these.
#pragma once

#include <stdexcept>

namespace memleak {

// What was typed is wrong (exit code 2): one line that names the flag, or the file and line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What the machine refuses (exit code 1): one line that names the file or address and the reason.
struct StartupError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace memleak
