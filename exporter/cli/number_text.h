// Numbers and words as they stand in a recorded series.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace memleak {

// Without the spaces and tabs around it, and without a carriage return at its end.
inline std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// All of `text` as a number; NaN and infinity are numbers here, and the caller's to refuse.
inline std::optional<double> ParseNumber(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return value;
}

}  // namespace memleak
