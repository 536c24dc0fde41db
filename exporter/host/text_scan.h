// Small pieces that the parsers of this folder share. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// Takes the next line off `text` (without its newline). False when no whole line is left: a line
// without a newline is a cut-off one, the kernel ends every line.
inline bool TakeLine(std::string_view& text, std::string_view& line) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

inline void SkipBlanks(std::string_view& text) {
  size_t i = 0;
  while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
  text.remove_prefix(i);
}

// Takes a decimal number off `text`, blanks before it skipped. False when there is none, or when it
// does not fit.
template <typename Integer>
bool TakeNumber(std::string_view& text, Integer& value) {
  SkipBlanks(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// Parses "  123 kB" to bytes. Nothing when it is anything else or does not fit.
inline std::optional<uint64_t> ParseKibibytes(std::string_view text) {
  uint64_t kib = 0;
  if (!TakeNumber(text, kib) || text != " kB" || kib > UINT64_MAX / 1024) return std::nullopt;
  return kib * 1024;
}

}  // namespace memleak
