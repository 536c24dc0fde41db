#include "exporter/config/quote.h"

#include <array>
#include <cstdint>

namespace memleak {
namespace {

// A character as it was decoded; `bytes` is 0 where the text is not UTF-8.
struct Decoded {
  uint32_t code_point = 0;
  size_t bytes = 0;
};

Decoded DecodeUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  uint32_t code_point = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::array<uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kSmallest[bytes] || code_point > 0x10FFFF || surrogate) return {};
  return {code_point, bytes};
}

// Whether a terminal shows the character as itself and leaves its neighbours alone.
bool IsHarmless(uint32_t code_point) {
  const auto within = [=](uint32_t first, uint32_t last) {
    return code_point >= first && code_point <= last;
  };
  return code_point >= 0x20 && !within(0x7F, 0x9F) &&           // control characters
         !within(0x200B, 0x200F) && !within(0x2028, 0x202E) &&  // invisible, line breaks,
         !within(0x2060, 0x206F) && code_point != 0xFEFF;       // writing direction
}

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    const auto value = static_cast<uint8_t>(c);
    out += "\\x";
    out += kHex[value >> 4];
    out += kHex[value & 0xF];
  }
}

}  // namespace

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= max_bytes) return out + "...";
    const Decoded decoded = DecodeUtf8(text);
    const size_t bytes = decoded.bytes == 0 ? 1 : decoded.bytes;
    if (decoded.bytes != 0 && IsHarmless(decoded.code_point)) {
      out += text.substr(0, bytes);
    } else {
      for (const char c : text.substr(0, bytes)) AppendEscaped(out, c);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::string Quoted(std::string_view text) { return '"' + Printable(text) + '"'; }

}  // namespace memleak
