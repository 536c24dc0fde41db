#include "exporter/trend/figures.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace memleak {
namespace {

struct Prefixes {
  double step;
  std::array<std::string_view, 6> names;
};
constexpr Prefixes kBinary{1024, {"B", "KiB", "MiB", "GiB", "TiB", "PiB"}};
constexpr Prefixes kDecimal{1000, {"B", "kB", "MB", "GB", "TB", "PB"}};

std::string Fixed(double value, int decimals) {
  // Beyond this every digit is noise, and would not end.
  if (std::abs(value) >= 1e15) {
    std::array<char, 32> buffer{};
    return {
        buffer.data(),
        std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::scientific, 2).ptr};
  }
  std::array<char, 32> buffer{};
  return {
      buffer.data(),
      std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::fixed, decimals).ptr};
}

// "3.33", "33.3", "333", "3333"
std::string ThreeDigits(double value) {
  const double size = std::abs(value);
  return Fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

// "3.33", "33.3", "333", and "40" for 40.0
std::string ShortDigits(double value) {
  std::string text = ThreeDigits(value);
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

// "3,900"
std::string Count(double value) {
  std::string text = Fixed(std::round(value), 0);
  if (text.find('e') != std::string::npos) return text;
  const size_t sign = text.starts_with('-') ? 1 : 0;
  for (size_t place = text.size(); place > sign + 3;) {
    place -= 3;
    text.insert(place, 1, ',');
  }
  return text == "-0" ? "0" : text;
}

struct Scaled {
  double value;
  std::string_view unit;
};

Scaled Scale(double bytes, const Prefixes& prefixes) {
  size_t power = 0;
  while (std::abs(bytes) >= prefixes.step && power + 1 < prefixes.names.size()) {
    bytes /= prefixes.step;
    ++power;
  }
  return {bytes, prefixes.names[power]};
}

std::string Amount(double amount, Quantity quantity, const Prefixes& prefixes) {
  if (quantity == Quantity::kDescriptors) return Count(amount);
  const Scaled scaled = Scale(amount, prefixes);
  return ShortDigits(scaled.value) + ' ' + std::string(scaled.unit);
}

std::string Rate(double per_second, Quantity quantity, const Prefixes& prefixes) {
  struct Per {
    double seconds;
    std::string_view name;
  };
  constexpr std::array<Per, 4> kPer{{{1, "/s"}, {60, "/min"}, {3600, "/h"}, {86400, "/d"}}};
  const bool bytes = quantity != Quantity::kDescriptors;
  const double least = bytes ? prefixes.step * prefixes.step : 1;
  size_t per = 0;
  while (per + 1 < kPer.size() && std::abs(per_second) * kPer[per].seconds < least) ++per;
  const double rate = per_second * kPer[per].seconds;
  const std::string suffix(kPer[per].name);
  if (!bytes) return ThreeDigits(rate) + " descriptors" + suffix;
  const Scaled scaled = Scale(rate, prefixes);
  return ThreeDigits(scaled.value) + ' ' + std::string(scaled.unit) + suffix;
}

}  // namespace

std::string AmountText(double amount, Quantity quantity) {
  return Amount(amount, quantity, kBinary);
}

std::string DecimalAmountText(double amount, Quantity quantity) {
  return Amount(amount, quantity, kDecimal);
}

std::string DurationText(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  constexpr double kDay = 86400;
  constexpr double kYear = 365.25 * kDay;
  if (seconds < 10) return ShortDigits(seconds) + " s";
  if (seconds < 2 * kMinute) return Fixed(seconds, 0) + " s";
  if (seconds < 2 * kHour) return Fixed(seconds / kMinute, 0) + " min";
  if (seconds < 3 * kDay) return ThreeDigits(seconds / kHour) + " h";
  if (seconds < 2 * kYear) return ThreeDigits(seconds / kDay) + " d";
  return ThreeDigits(seconds / kYear) + " years";
}

std::string RateText(double per_second, Quantity quantity) {
  return Rate(per_second, quantity, kBinary);
}

std::string DecimalRateText(double per_second, Quantity quantity) {
  return Rate(per_second, quantity, kDecimal);
}

}  // namespace memleak
