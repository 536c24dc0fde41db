// Numbers from 1 to 2^43 in 16 bits, 0.05 % apart; 0 and the unknown have codes of their own. Codes
// compare as the numbers do. A history of troughs needs no more, and takes a quarter of the room.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace memleak {

using LogCode = uint16_t;
inline constexpr LogCode kCodeUnknown = 0;
inline constexpr LogCode kCodeZero = 1;  // and all that is less than 1

namespace log_code {
inline constexpr double kStepsPerOctave = 1'500;
inline constexpr double kFirst = 2;
inline constexpr double kLast = 65'535;
}  // namespace log_code

inline LogCode EncodeLog(double value) {
  if (std::isnan(value)) return kCodeUnknown;
  if (value < 1) return kCodeZero;
  const double code = log_code::kFirst + std::round(std::log2(value) * log_code::kStepsPerOctave);
  return static_cast<LogCode>(std::min(code, log_code::kLast));
}

inline double DecodeLog(LogCode code) {
  if (code == kCodeUnknown) return std::numeric_limits<double>::quiet_NaN();
  if (code == kCodeZero) return 0;
  return std::exp2((code - log_code::kFirst) / log_code::kStepsPerOctave);
}

}  // namespace memleak
