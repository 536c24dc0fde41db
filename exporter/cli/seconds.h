// Durations of the options as the engine counts them.
#pragma once

#include <chrono>

namespace memleak {

inline double SecondsOf(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace memleak
