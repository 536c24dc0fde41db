// Whether the older of several instances of one program are the larger ones. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace memleak {

struct Sibling {
  double age = 0;  // seconds
  double footprint = 0;
};

// Kendall's tau of age and footprint, from -1 to 1. Instances whose ages differ by less than
// `least_age_difference` are as old as each other, those that were started together above all; a
// footprint that differs by less than 2 % is the same. Nothing where fewer than four instances are
// of different age.
std::optional<double> AgeSizeCorrelation(std::span<const Sibling> siblings,
                                         double least_age_difference);

}  // namespace memleak
