// What `memleak_exporter analyze` can be told, as plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memleak {

struct AnalyzeOptions {
  enum class Resource : uint8_t { kMemory, kFds };
  enum class Format : uint8_t { kText, kJson };

  std::vector<std::string> files;  // `-` is standard input
  Resource resource = Resource::kMemory;
  std::optional<uint64_t> limit;  // in the unit of the values
  std::chrono::milliseconds slot{60'000};
  std::optional<std::chrono::milliseconds> interval;  // between numbers without a time
  Format format = Format::kText;
  bool timeline = false;

  // Instead of files, where `prometheus` is given.
  std::string prometheus;  // URL
  std::string query;       // PromQL
  std::chrono::milliseconds since{std::chrono::hours(7 * 24)};
  std::chrono::milliseconds step{60'000};
  std::chrono::milliseconds timeout{30'000};  // of one answer

  bool operator==(const AnalyzeOptions&) const = default;
};

}  // namespace memleak
