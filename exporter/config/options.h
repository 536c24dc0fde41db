// Everything that can be configured, as plain data. The names follow the flags
// (`--process.min-rss` is `process.min_rss`); units are in the types or the names.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace memleak {

// One `--group.rule NAME=REGEX`. Validated when it is parsed; compiled by the model.
struct GroupRule {
  std::string name;   // may hold \1 ... \9
  std::string regex;  // RE2 syntax, unanchored
};

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

struct Options {
  struct Web {
    std::vector<std::string> listen_addresses{":10078"};
    std::string telemetry_path = "/metrics";
    bool ui = true;
    int max_requests = 40;
  } web;

  struct Paths {
    std::string procfs = "/proc";
    std::string rootfs = "/";
  } path;

  struct Collectors {
    bool disable_defaults = false;
    std::map<std::string, bool> enabled;  // only those that were named
  } collector;

  struct Processes {
    std::string source = "auto";  // "auto" or "procfs"
    uint64_t min_rss_bytes = uint64_t{16} << 20;
    std::chrono::milliseconds min_age{30'000};
    int limit = 50;
  } process;

  struct Groups {
    int limit = 100;
    std::vector<GroupRule> rules;
  } group;

  struct Scrape {
    std::chrono::milliseconds min_interval{1'000};
  } scrape;

  struct Trend {
    std::chrono::milliseconds interval{15'000};  // refresh when nobody scrapes
  } trend;

  struct Log {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kLogfmt;
  } log;
};

}  // namespace memleak
