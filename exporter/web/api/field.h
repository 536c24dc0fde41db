// The fields of a list's rows. One table for each list says what a row shows, what the list can be
// sorted by, and what is searched.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace memleak {

struct Snapshot;

// monostate: unknown. Views are into the model: valid under the scraper's lock.
using FieldValue =
    std::variant<std::monostate, bool, uint64_t, double, std::string_view, std::string>;

template <typename Row>
struct Field {
  std::string_view name;
  FieldValue (*of)(const Row& row, const Snapshot& snapshot);
  bool searched = false;
};

// What is unknown of these: nothing, NaN and infinity, the empty text.
inline FieldValue Known(const std::optional<uint64_t>& value) {
  return value ? FieldValue(*value) : FieldValue();
}
inline FieldValue Known(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? FieldValue(*value) : FieldValue();
}
inline FieldValue Known(double value) {
  return std::isfinite(value) ? FieldValue(value) : FieldValue();
}
inline FieldValue Known(std::string_view text) {
  return text.empty() ? FieldValue() : FieldValue(text);
}

template <typename Row, size_t kFirst, size_t kSecond>
constexpr std::array<Field<Row>, kFirst + kSecond> Joined(
    const std::array<Field<Row>, kFirst>& first, const std::array<Field<Row>, kSecond>& second) {
  std::array<Field<Row>, kFirst + kSecond> all{};
  for (size_t i = 0; i < kFirst; ++i) all[i] = first[i];
  for (size_t i = 0; i < kSecond; ++i) all[kFirst + i] = second[i];
  return all;
}

}  // namespace memleak
