// What the fuzz targets share: properties that must hold for any input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace memleak {

inline void Require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

inline std::string_view InputText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes what stands before the next newline off `text`, the newline too.
inline std::string_view TakeField(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return field;
}

// Whether `text` is UTF-8, by decoding its code points: told another way than in the code it
// checks.
inline bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    int more = 0;
    while (more < 4 && (lead & (0x40 >> more)) != 0) ++more;
    if (more < 1 || more > 3) return false;
    uint32_t code_point = lead & (0x3Fu >> more);
    for (int n = 0; n < more; ++n) {
      if (i == text.size()) return false;
      const auto next = static_cast<uint8_t>(text[i++]);
      if ((next & 0xC0) != 0x80) return false;
      code_point = code_point << 6 | (next & 0x3Fu);
    }
    constexpr uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    if (code_point < kSmallest[more] || code_point > 0x10FFFF) return false;
    if (code_point >= 0xD800 && code_point <= 0xDFFF) return false;
  }
  return true;
}

}  // namespace memleak
