// How fast the node swaps and how much of the time it waits for memory: what its counters did
// between two looks at them.
//
// Two looks that follow each other at once tell noise, so they are some seconds apart. No clock of
// its own; one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "exporter/host/node/node_reader.h"

namespace memleak {

// What is unknown, or of a counter that fell, is absent.
struct NodeRates {
  std::optional<double> swap_in;   // bytes per second
  std::optional<double> swap_out;  // bytes per second
  std::optional<double> waiting;   // share of the time in which some task waited for memory, 0 to 1
  std::optional<double> stalled;   // in which all that had work did
};

class NodeRateMeter {
 public:
  static constexpr double kLeastSeconds = 5;

  // Rates are over at least `least_seconds`.
  explicit NodeRateMeter(double least_seconds) : least_seconds_(least_seconds) {}

  // `now` is monotonic seconds. Between two measurements the last rates stay.
  void Add(double now, const NodeSample& sample);
  const NodeRates& rates() const { return rates_; }

 private:
  struct Counters {
    std::optional<uint64_t> swapped_in;   // pages
    std::optional<uint64_t> swapped_out;  // pages
    std::optional<uint64_t> waited;       // microseconds
    std::optional<uint64_t> stalled;      // microseconds
  };

  const double least_seconds_;
  std::optional<double> measured_;  // when; nothing before the first look
  Counters last_;
  NodeRates rates_;
};

}  // namespace memleak
