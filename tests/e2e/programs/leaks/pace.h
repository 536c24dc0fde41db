// What the programs of this folder share: they work at a pace that is given in time, not by how
// fast the machine is, and end with their standard input, so that none outlives who started it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>
#include <vector>

namespace memleak {

// A rate or a level over time: "SECONDS:FROM-TO,...", straight lines one after the other, after
// which it is 0; a number alone stays for ever.
class Schedule {
 public:
  explicit Schedule(const char* text) {
    char* end = nullptr;
    for (const char* at = text; *at != '\0'; at = *end == ',' ? end + 1 : end) {
      Line line;
      line.seconds = std::strtod(at, &end);
      if (*end != ':') {
        line = {kForEver, line.seconds, line.seconds};
      } else {
        line.from = std::strtod(end + 1, &end);
        line.to = std::strtod(end + 1, &end);
      }
      lines_.push_back(line);
    }
  }

  double At(double seconds) const {
    for (const Line& line : lines_) {
      if (seconds < line.seconds) return Value(line, seconds);
      seconds -= line.seconds;
    }
    return 0;
  }

  // How many events of that rate are due by then.
  double Until(double seconds) const {
    double sum = 0;
    for (const Line& line : lines_) {
      const double part = std::min(seconds, line.seconds);
      sum += part * (line.from + Value(line, part)) / 2;
      seconds -= part;
    }
    return sum;
  }

  bool Over(double seconds) const {
    for (const Line& line : lines_) seconds -= line.seconds;
    return seconds >= 0;
  }

 private:
  static constexpr double kForEver = 1e12;

  struct Line {
    double seconds = 0;
    double from = 0;
    double to = 0;
  };

  static double Value(const Line& line, double seconds) {
    return line.from + (line.to - line.from) * seconds / line.seconds;
  }

  std::vector<Line> lines_;
};

// Time since the start in steps of 50 ms. One that comes too late does not wait for the next.
class Pace {
 public:
  static constexpr double kStep = 0.05;

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  // False when the standard input has ended.
  bool Wait() {
    next_ += kStep;
    const double wait = std::max(0.0, next_ - seconds());
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, static_cast<int>(std::lround(wait * 1000))) <= 0) return true;
    char byte = 0;
    return read(STDIN_FILENO, &byte, 1) > 0;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
  double next_ = 0;
};

// How many more of the schedule's events are due.
class Requests {
 public:
  explicit Requests(const Schedule& rate) : rate_(rate) {}

  long Due(double seconds) {
    const long due = std::lround(std::floor(rate_.Until(seconds)));
    return due - std::exchange(done_, due);
  }

 private:
  const Schedule& rate_;
  long done_ = 0;
};

// Uses a CPU for so long, however fast it is.
inline void Burn(double seconds) {
  const auto used = [] {
    timespec time = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double end = used() + seconds;
  while (used() < end) continue;
}

// For what cannot happen on a machine that can run the tests.
[[noreturn]] inline void Die(const char* what) {
  std::cerr << what << ": error " << errno << "\n";
  std::abort();
}

// Every page of it becomes the process's own.
inline char* Fill(char* memory, size_t size) {
  std::memset(memory, 1, size);
  return memory;
}

}  // namespace memleak
