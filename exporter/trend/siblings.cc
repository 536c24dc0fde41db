#include "exporter/trend/siblings.h"

#include <algorithm>
#include <cmath>

namespace memleak {

std::optional<double> AgeSizeCorrelation(std::span<const Sibling> siblings,
                                         double least_age_difference) {
  constexpr double kSameFootprint = 0.02;
  // So many pairs do four of different age make.
  constexpr int kLeastPairs = 6;
  int pairs = 0;
  int balance = 0;  // pairs of which the older one is the larger, less those of which it is not
  for (size_t i = 0; i < siblings.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double older = siblings[i].age - siblings[j].age;
      if (std::abs(older) < least_age_difference) continue;
      ++pairs;
      const double larger = siblings[i].footprint - siblings[j].footprint;
      const double least = kSameFootprint * std::max(siblings[i].footprint, siblings[j].footprint);
      if (std::abs(larger) > least) balance += (older > 0) == (larger > 0) ? 1 : -1;
    }
  }
  if (pairs < kLeastPairs) return std::nullopt;
  return static_cast<double>(balance) / pairs;
}

}  // namespace memleak
