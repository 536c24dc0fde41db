#include "exporter/model/label_text.h"

#include <algorithm>
#include <cstdint>

namespace memleak {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Length of the character that `text` starts with, or 0 when it is none: a broken or overlong
// sequence, a surrogate, beyond U+10FFFF (the table of well-formed byte sequences in section 3.9 of
// the Unicode standard). NUL counts as broken: some parsers end there.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  // The second byte rules out what is overlong, a surrogate or too large.
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

// Calls `sink` with each character of `text` made valid, at most `max_bytes` of them together.
template <typename Sink>
void ForEachCharacter(std::string_view text, size_t max_bytes, Sink&& sink) {
  size_t left = max_bytes;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    const std::string_view character = length > 0 ? text.substr(0, length) : kReplacement;
    if (character.size() > left) return;
    left -= character.size();
    sink(character);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
}

}  // namespace

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out += name;
  out += "=\"";
  ForEachCharacter(value, kMaxLabelValueBytes, [&](std::string_view character) {
    if (character == "\n") {
      out += "\\n";
      return;
    }
    if (character == "\\" || character == "\"") out += '\\';
    out += character;
  });
  out += '"';
}

std::string ValidUtf8(std::string_view text, size_t max_bytes) {
  std::string valid;
  ForEachCharacter(text, max_bytes, [&](std::string_view character) { valid += character; });
  return valid;
}

}  // namespace memleak
