#include "exporter/model/label_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace memleak {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Well-formed byte sequences: table 3-7 of the Unicode standard, without NUL, where some parsers
// end. The second byte is what rules out overlong forms, surrogates and code points that are too
// large; any later one is 80 to BF.
struct Form {
  uint8_t first_low, first_high;
  uint8_t second_low, second_high;
  size_t length;
};
constexpr std::array<Form, 9> kForms = {{{0x01, 0x7F, 0x00, 0x00, 1},
                                         {0xC2, 0xDF, 0x80, 0xBF, 2},
                                         {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                         {0xE1, 0xEC, 0x80, 0xBF, 3},
                                         {0xED, 0xED, 0x80, 0x9F, 3},
                                         {0xEE, 0xEF, 0x80, 0xBF, 3},
                                         {0xF0, 0xF0, 0x90, 0xBF, 4},
                                         {0xF1, 0xF3, 0x80, 0xBF, 4},
                                         {0xF4, 0xF4, 0x80, 0x8F, 4}}};

// Whether `text` starts with a character of this form.
bool StartsWith(std::string_view text, const Form& form) {
  const auto in = [&](size_t i, uint8_t low, uint8_t high) {
    const auto byte = static_cast<uint8_t>(text[i]);
    return byte >= low && byte <= high;
  };
  if (text.size() < form.length || !in(0, form.first_low, form.first_high)) return false;
  if (form.length > 1 && !in(1, form.second_low, form.second_high)) return false;
  for (size_t i = 2; i < form.length; ++i) {
    if (!in(i, 0x80, 0xBF)) return false;
  }
  return true;
}

// Length of the character that `text` starts with, or 0 when it is none.
size_t CharacterLength(std::string_view text) {
  for (const Form& form : kForms) {
    if (StartsWith(text, form)) return form.length;
  }
  return 0;
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

void AppendKnownLabel(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) AppendLabel(out, name, value);
}

std::string ValidUtf8(std::string_view text, size_t max_bytes) {
  std::string valid;
  ForEachCharacter(text, max_bytes, [&](std::string_view character) { valid += character; });
  return valid;
}

}  // namespace memleak
