#include "exporter/cli/top/compact.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace memleak {
namespace {

std::string Fixed(double value, int decimals) {
  std::array<char, 400> buffer{};  // the largest double has 309 digits
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                       std::chars_format::fixed, decimals)
                             .ptr};
}

std::string ThreeDigits(double value) {
  const double size = std::abs(value);
  return Fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

// `units`: of the value as it is, and of its powers of `step`.
std::string Scaled(double value, double step, std::string_view units) {
  constexpr double kRoll = 999.5;  // three digits are full
  size_t power = 0;
  while (std::abs(value) >= kRoll && power + 1 < units.size()) {
    value /= step;
    ++power;
  }
  // Beyond the last unit only that it is wrong matters.
  if (std::abs(value) >= 1e5) return value < 0 ? "-huge" : "huge";
  const bool whole = units[power] == 'B';
  return (whole ? Fixed(value, 0) : ThreeDigits(value)) + units[power];
}

}  // namespace

std::string CompactBytes(double bytes) {
  if (std::abs(bytes) < 0.5) return "0";
  return Scaled(bytes, 1024, "BKMGTPE");
}

std::string CompactChange(double bytes) { return (bytes >= 0.5 ? "+" : "") + CompactBytes(bytes); }

std::string CompactRate(double per_second) {
  struct Per {
    double seconds;
    std::string_view name;
  };
  constexpr std::array<Per, 4> kPer{{{1, "/s"}, {60, "/min"}, {3600, "/h"}, {86400, "/d"}}};
  constexpr double kLeast = 1024 * 1024;
  size_t per = 0;
  while (per + 1 < kPer.size() && std::abs(per_second) * kPer[per].seconds < kLeast) ++per;
  const std::string bytes = CompactBytes(per_second * kPer[per].seconds);
  return bytes == "0" ? bytes : bytes + std::string(kPer[per].name);
}

std::string CompactCount(double count) {
  if (std::abs(count) < 9999.5) return Fixed(count, 0);
  return Scaled(count / 1000, 1000, "kMGTPE");
}

std::string CompactDuration(double seconds) {
  struct Unit {
    double seconds;
    std::string_view name;
  };
  constexpr std::array<Unit, 3> kUnits{{{3600, "h"}, {86400, "d"}, {365.25 * 86400, "y"}}};
  if (seconds < 99.5) return Fixed(seconds, 0) + "s";
  if (seconds < 99.5 * 60) return Fixed(seconds / 60, 0) + "m";
  size_t unit = 0;
  if (seconds >= 48 * 3600) unit = 1;
  if (seconds >= 2 * 365.25 * 86400) unit = 2;
  const double value = seconds / kUnits[unit].seconds;
  if (value >= 1e4) return "ages";
  return Fixed(value, value < 9.95 ? 1 : 0) + std::string(kUnits[unit].name);
}

std::string CompactPercentage(double share) { return Fixed(share * 100, 1); }

std::string WholeNumber(double number) { return Fixed(number, 0); }

}  // namespace memleak
