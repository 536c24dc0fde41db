#include "exporter/host/boot_clock.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <ctime>
#include <stdexcept>
#include <string_view>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

double Seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// How far the wall clock may move before btime is read again: slewing stays below it.
constexpr double kClockSetSeconds = 2;

}  // namespace

BootClock::BootClock(const ProcFs& procfs) : procfs_(procfs) {
  if (!ReadBootTime()) throw std::runtime_error(procfs.path() + "/stat has no btime line");
}

bool BootClock::ReadBootTime() {
  std::string_view text;
  if (reader_.Read(procfs_.fd(), "stat", text) != ReadStatus::kOk) return false;
  std::string_view line;
  while (TakeLine(text, line)) {
    constexpr std::string_view kKey = "btime ";
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    uint64_t btime = 0;
    if (!TakeNumber(line, btime)) return false;
    boot_time_ = static_cast<double>(btime);
    clock_offset_ = Seconds(CLOCK_REALTIME) - Seconds(CLOCK_BOOTTIME);
    return true;
  }
  return false;
}

PassTime BootClock::Now() {
  PassTime time;
  time.monotonic = Seconds(CLOCK_MONOTONIC);
  time.unix_time = Seconds(CLOCK_REALTIME);
  if (std::abs(time.unix_time - Seconds(CLOCK_BOOTTIME) - clock_offset_) > kClockSetSeconds) {
    ReadBootTime();
  }
  time.boot_time = boot_time_;
  time.tick_rate = static_cast<double>(sysconf(_SC_CLK_TCK));

  // "uptime idle", in seconds with two decimals.
  std::string_view text;
  double uptime = 0;
  if (reader_.Read(procfs_.fd(), "uptime", text) == ReadStatus::kOk &&
      std::from_chars(text.data(), text.data() + text.size(), uptime).ec == std::errc{}) {
    time.uptime = uptime;
  } else {
    time.uptime = Seconds(CLOCK_BOOTTIME);
  }
  return time;
}

}  // namespace memleak
