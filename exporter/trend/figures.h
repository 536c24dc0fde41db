// Figures as people read them: three digits and a unit that fits.
#pragma once

#include <string>

#include "exporter/trend/trend.h"

namespace memleak {

// "310 MiB", "1.21 GiB"; "3,900" for descriptors.
std::string AmountText(double amount, Quantity quantity);
// "400 MB", "1.21 GB"; "3,900" for descriptors.
std::string DecimalAmountText(double amount, Quantity quantity);

// "35 s", "60 min", "37.0 h", "3.10 d", "2.50 years".
std::string DurationText(double seconds);

// Per second, minute, hour or day: the shortest in which the rate is at least 1 (and a million of
// bytes): "3.33 MiB/h", "12.0 descriptors/h".
std::string RateText(double per_second, Quantity quantity);
// "3.33 MB/min"
std::string DecimalRateText(double per_second, Quantity quantity);

}  // namespace memleak
