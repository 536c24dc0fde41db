// A costly reading of one process, the first of its life and the last: what grew between the two is
// what leaks.
#pragma once

#include <utility>

namespace memleak {

template <typename Value>
struct Observed {
  static constexpr double kNever = -1e18;

  Value first{};
  Value last{};
  double first_time = kNever;  // monotonic seconds
  double last_time = kNever;
  bool shown = false;  // whether `last` is of today, and of one that is asked about

  void Take(Value value, double now) {
    if (first_time == kNever) {
      first = value;
      first_time = now;
    }
    last = std::move(value);
    last_time = now;
  }
  bool known() const { return last_time != kNever; }
  // nullptr where there is nothing to show.
  const Value* Shown() const { return shown ? &last : nullptr; }
};

}  // namespace memleak
