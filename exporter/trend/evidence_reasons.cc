#include "exporter/trend/evidence_reasons.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "exporter/trend/figures.h"
#include "exporter/trend/jvm_reasons.h"

namespace memleak {
namespace {

// Less may be chance.
constexpr double kLeastGrowth = 1 << 20;
constexpr uint64_t kLeastDescriptors = 8;

constexpr std::array<std::string_view, kMappingKinds> kMappingNouns = {
    "heap", "anonymous mappings", "stack", "mapped files", "shared memory", "other mappings"};
constexpr std::array<bool, kMappingKinds> kMappingPlural = {false, true, false, true, false, true};

constexpr std::array<std::string_view, kFdKinds> kFdNouns = {
    "sockets",  "pipes",           "files",    "deleted files",
    "eventfds", "epoll instances", "timerfds", "inotify instances",
    "memfds",   "devices",         "others"};

using Sizes = std::array<double, kMappingKinds>;

Sizes SizesOf(const Mappings& mappings) {
  Sizes sizes{};
  for (size_t i = 0; i < kMappingKinds; ++i) {
    sizes[i] = static_cast<double>(mappings.resident[i]) + static_cast<double>(mappings.swapped[i]);
  }
  return sizes;
}

template <typename Values>
size_t LargestOf(const Values& values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::string Bytes(double bytes) { return AmountText(bytes, Quantity::kBytes); }
std::string Count(uint64_t count) {
  return AmountText(static_cast<double>(count), Quantity::kDescriptors);
}

}  // namespace

std::string MappingsReason(const Observed<Mappings>& mappings) {
  if (!mappings.known()) return {};
  const Sizes now = SizesOf(mappings.last);
  const Sizes then = SizesOf(mappings.first);
  Sizes growth{};
  double grown = 0;
  double total = 0;
  for (size_t i = 0; i < kMappingKinds; ++i) {
    growth[i] = now[i] - then[i];
    grown += std::max(growth[i], 0.0);
    total += now[i];
  }
  if (const size_t most = LargestOf(growth); growth[most] >= kLeastGrowth) {
    return std::string(kMappingNouns[most]) + " grew by " + Bytes(growth[most]) + " of " +
           Bytes(grown) + " in " + DurationText(mappings.last_time - mappings.first_time);
  }
  const size_t most = LargestOf(now);
  if (now[most] <= 0) return {};
  return std::string(kMappingNouns[most]) + (kMappingPlural[most] ? " hold " : " holds ") +
         Bytes(now[most]) + " of " + Bytes(total);
}

std::string FdKindsReason(const Observed<FdKinds>& fds) {
  if (!fds.known()) return {};
  std::array<int64_t, kFdKinds> growth{};
  uint64_t total = fds.last.uncounted;
  for (size_t i = 0; i < kFdKinds; ++i) {
    growth[i] =
        static_cast<int64_t>(fds.last.counts[i]) - static_cast<int64_t>(fds.first.counts[i]);
    total += fds.last.counts[i];
  }
  // Of a process with more than is counted, the newest are told, and those are as many every time.
  const bool whole = fds.first.uncounted == 0 && fds.last.uncounted == 0;
  const size_t grown = LargestOf(growth);
  if (whole && growth[grown] >= static_cast<int64_t>(kLeastDescriptors)) {
    return std::string(kFdNouns[grown]) + ' ' + Count(fds.first.counts[grown]) + " -> " +
           Count(fds.last.counts[grown]) + " in " + DurationText(fds.last_time - fds.first_time);
  }
  const size_t most = LargestOf(fds.last.counts);
  if (fds.last.counts[most] == 0) return {};
  if (whole) {
    return Count(fds.last.counts[most]) + " of " + Count(total) + " descriptors are " +
           std::string(kFdNouns[most]);
  }
  return Count(fds.last.counts[most]) + " of the newest " + Count(total - fds.last.uncounted) +
         " descriptors are " + std::string(kFdNouns[most]);
}

std::vector<std::string> EvidenceReasons(const Evidence& evidence,
                                         std::optional<uint64_t> footprint, bool memory,
                                         bool descriptors) {
  std::vector<std::string> reasons;
  const auto add = [&](std::string reason) {
    if (!reason.empty()) reasons.push_back(std::move(reason));
  };
  if (memory) {
    add(MappingsReason(evidence.mappings));
    std::optional<double> grown;
    if (footprint && evidence.footprint_before) {
      grown = static_cast<double>(*footprint) - static_cast<double>(*evidence.footprint_before);
    }
    if (evidence.jvm.heap.known()) add(JvmReason(evidence.jvm, grown));
  }
  if (descriptors) add(FdKindsReason(evidence.fds));
  return reasons;
}

}  // namespace memleak
