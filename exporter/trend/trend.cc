#include "exporter/trend/trend.h"

namespace memleak {

Trend::Trend(const TrendShape& /*shape*/, double slot, double born)
    : slot_(slot), last_time_(born) {}

void Trend::Add(const TrendSample& sample) { last_time_ = sample.time; }

void Trend::Restart(double /*time*/) {}

void Trend::NoteSiblings(double /*correlation*/) {}

Verdict Trend::Judge(size_t /*resource*/) const { return {}; }

bool Trend::Suspected(size_t /*resource*/) const { return false; }

double Trend::ExhaustionSeconds(size_t /*resource*/) const {
  return std::numeric_limits<double>::infinity();
}

}  // namespace memleak
