// Figures as narrow as a column of a table: three digits and a letter. Bytes count in powers of
// 1024.
#pragma once

#include <string>

namespace memleak {

std::string CompactBytes(double bytes);       // "512B", "12.3M", "1.21G"; at most 6 cells
std::string CompactChange(double bytes);      // "+12.3M", "-4.00K", "0"
std::string CompactRate(double per_second);   // "3.33M/h": per s, min, h or d, as in RateText
std::string CompactCount(double count);       // "3900", "12.3k", "1.05M"
std::string CompactDuration(double seconds);  // "45s", "12m", "3.2h", "3.1d", "2.5y"
std::string CompactPercentage(double share);  // of 1: "3.1", "12.0"
std::string WholeNumber(double number);       // "4194304": a pid

}  // namespace memleak
