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

  bool operator==(const GroupRule&) const = default;
};

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

struct Options {
  struct Web {
    std::vector<std::string> listen_addresses{":10078"};
    std::vector<std::string> health_addresses;  // plain HTTP, for /-/healthy and /-/ready alone
    std::string telemetry_path = "/metrics";
    bool ui = true;
    int max_requests = 40;
    std::string config_file;  // web_config.h, empty without one

    bool operator==(const Web&) const = default;
  } web;

  struct Paths {
    std::string procfs = "/proc";
    std::string sysfs = "/sys";
    std::string rootfs = "/";

    bool operator==(const Paths&) const = default;
  } path;

  std::string node_name;  // empty: as the host calls itself

  struct Collectors {
    bool disable_defaults = false;
    std::map<std::string, bool> enabled;  // only those that were named

    bool operator==(const Collectors&) const = default;
  } collector;

  struct Processes {
    enum class Source : uint8_t { kAuto, kProcfs, kBpf };

    Source source = Source::kAuto;
    uint64_t min_rss_bytes = uint64_t{16} << 20;
    std::chrono::milliseconds min_age{30'000};
    int limit = 50;

    bool operator==(const Processes&) const = default;
  } process;

  struct Groups {
    int limit = 100;
    std::vector<GroupRule> rules;

    bool operator==(const Groups&) const = default;
  } group;

  struct Cgroups {
    int limit = 120;

    bool operator==(const Cgroups&) const = default;
  } cgroup;

  struct Scrape {
    std::chrono::milliseconds min_interval{1'000};  // never longer than the trend's interval

    bool operator==(const Scrape&) const = default;
  } scrape;

  struct Trend {
    std::chrono::milliseconds slot{60'000};      // every duration of the engine scales with it
    std::chrono::milliseconds interval{15'000};  // refresh when nobody scrapes; a quarter of a slot
    std::string state_file;                      // keeps trends across a restart, empty without one

    bool operator==(const Trend&) const = default;
  } trend;

  // The costly reads: descriptor kinds, mappings, JVM heaps.
  struct Evidence {
    std::vector<std::string> groups;        // read of these without suspicion, too
    std::chrono::milliseconds budget{500};  // for one refresh

    bool operator==(const Evidence&) const = default;
  } evidence;

  struct Log {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kLogfmt;

    bool operator==(const Log&) const = default;
  } log;

  std::string config_file;  // the `--config.file` that was read, empty without one

  bool operator==(const Options&) const = default;
};

}  // namespace memleak
