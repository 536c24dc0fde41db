#include "exporter/cli/top/cells.h"

#include <langinfo.h>

#include <algorithm>
#include <clocale>
#include <cwchar>

#include "exporter/cli/locale_variables.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

// Longer than any name; a bound on what a hostile one can cost.
constexpr size_t kMaxBytes = 8192;

struct Character {
  size_t bytes = 1;
  int cells = 1;  // below 1 where it takes none, or the C library does not know it
};

// The first character of valid UTF-8.
Character FirstOf(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text.front());
  if (lead < 0x80) return {};
  const size_t bytes = std::min(text.size(), size_t{lead >= 0xF0 ? 4u : lead >= 0xE0 ? 3u : 2u});
  uint32_t code_point = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    code_point = code_point << 6 | (static_cast<uint8_t>(text[i]) & 0x3Fu);
  }
  return {bytes, wcwidth(static_cast<wchar_t>(code_point))};
}

bool LocaleIsUtf8() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs yet
  return std::string_view(nl_langinfo(CODESET)) == "UTF-8";
}

}  // namespace

Charset ChooseCharset() {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs yet
  static_cast<void>(std::setlocale(LC_CTYPE, ""));
  if (LocaleIsUtf8()) return Charset::kUtf8;
  // The locale of a login from elsewhere may not be installed here; the terminal is what it says.
  if (LocaleVariablesSayUtf8() && std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr &&
      LocaleIsUtf8()) {
    return Charset::kUtf8;
  }
  static_cast<void>(std::setlocale(LC_CTYPE, "C"));
  // NOLINTEND(concurrency-mt-unsafe)
  return Charset::kAscii;
}

std::string Harmless(std::string_view text, Charset charset) {
  const std::string printable = Printable(text, kMaxBytes);
  std::string_view rest = printable;
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const Character character = FirstOf(rest);
    const std::string_view bytes = rest.substr(0, character.bytes);
    rest.remove_prefix(bytes.size());
    if (bytes.size() > 1 && charset == Charset::kAscii) {
      out += '?';
    } else if (character.cells < 1) {
      // What stands on its neighbour, and what is too new for the C library: terminals differ on
      // it.
      out += "\xEF\xBF\xBD";
    } else {
      out += bytes;
    }
  }
  return out;
}

size_t CellsOf(std::string_view text) {
  size_t cells = 0;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    cells += static_cast<size_t>(std::max(character.cells, 1));
    text.remove_prefix(character.bytes);
  }
  return cells;
}

std::string_view Beginning(std::string_view text, size_t cells) {
  size_t used = 0;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Character character = FirstOf(text.substr(bytes));
    used += static_cast<size_t>(std::max(character.cells, 1));
    if (used > cells) break;
    bytes += character.bytes;
  }
  return text.substr(0, bytes);
}

std::string Cut(std::string_view text, size_t cells, Charset charset) {
  if (CellsOf(text) <= cells) return std::string(text);
  if (cells == 0) return {};
  return std::string(Beginning(text, cells - 1)) + (charset == Charset::kUtf8 ? "…" : "~");
}

std::string LeftAligned(std::string_view text, size_t cells, Charset charset) {
  std::string out = Cut(text, cells, charset);
  out.append(cells - std::min(cells, CellsOf(out)), ' ');
  return out;
}

std::string RightAligned(std::string_view text, size_t cells, Charset charset) {
  const std::string cut = Cut(text, cells, charset);
  return std::string(cells - std::min(cells, CellsOf(cut)), ' ') + cut;
}

}  // namespace memleak
