// What `memleak_exporter top` can be told, as plain data; the host's trees, when it looks at the
// host itself, are in Options.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace memleak {

struct TopOptions {
  enum class Sort : uint8_t { kRss, kFootprint, kGrowth, kDescriptors, kPid, kAge, kCpu };

  std::string url;      // of an exporter; empty: the one of this host if it answers, else the host
  bool direct = false;  // the host, whoever else looks at it
  bool once = false;    // one plain table
  bool json = false;    // one object, for scripts
  std::chrono::milliseconds interval{2'000};
  Sort sort = Sort::kRss;
  int rows = 0;  // of the table; 0: as many as usual

  bool operator==(const TopOptions&) const = default;
};

}  // namespace memleak
