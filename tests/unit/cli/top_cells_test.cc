#include <clocale>
#include <string>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/compact.h"
#include "tests/catch.h"

namespace memleak {
namespace {

// The width of characters is the C library's, in a locale of UTF-8.
void UseUtf8() { REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr); }

std::string Utf8(std::string_view text) { return Harmless(text, Charset::kUtf8); }
std::string Ascii(std::string_view text) { return Harmless(text, Charset::kAscii); }

TEST_CASE("nothing that a name holds reaches the terminal as a command") {
  UseUtf8();
  CHECK(Utf8("plain (name) \\ \"quoted\"") == "plain (name) \\ \"quoted\"");
  CHECK(Utf8("\x1b[31mred\x07\x9b") == "\\x1b[31mred\\x07\\x9b");
  CHECK(Utf8("two\nlines\ttab\r") == "two\\nlines\\ttab\\x0d");
  CHECK(Utf8("\xC2\x9B"
             "31m") == "\\xc2\\x9b31m");  // the same command in one character
  const std::string right_to_left{'\xE2', '\x80', '\xAE'};
  CHECK(Utf8(right_to_left + "evil") == "\\xe2\\x80\\xaeevil");
  CHECK(Utf8("\xff\xfe") == "\\xff\\xfe");
  CHECK(Utf8("süß 日本") == "süß 日本");
  for (int byte = 1; byte < 256; ++byte) {
    for (const Charset charset : {Charset::kAscii, Charset::kUtf8}) {
      for (const char shown : Harmless(std::string(1, static_cast<char>(byte)), charset)) {
        CHECK((shown >= ' ' && shown < 0x7F));
      }
    }
  }
}

TEST_CASE("what takes no cell is replaced") {
  UseUtf8();
  CHECK(Utf8("e\u0301") == "e\uFFFD");
  CHECK(CellsOf(Utf8("a\u0300\u0301\u0302\u0303")) == 5);
  CHECK(CellsOf(Utf8("x\uFE0Fy")) == 3);
}

TEST_CASE("without UTF-8 every character is one of ASCII") {
  CHECK(Ascii("süß") == "s??");
  CHECK(Ascii("日本") == "??");
  CHECK(Ascii("\x1b[0m") == "\\x1b[0m");
}

TEST_CASE("wide characters take two cells") {
  UseUtf8();
  CHECK(CellsOf("") == 0);
  CHECK(CellsOf("abc") == 3);
  CHECK(CellsOf("日本") == 4);
  CHECK(CellsOf("süß") == 3);
}

TEST_CASE("columns stay where they are, whatever is in them") {
  UseUtf8();
  for (const std::string& raw :
       {std::string("abc"), std::string("日本語のプロセス"), std::string("a日b本c"),
        std::string("\x1b[2J\x1b[H"), std::string("e\u0301e\u0301"), std::string(500, 'x'),
        std::string()}) {
    for (const Charset charset : {Charset::kAscii, Charset::kUtf8}) {
      const std::string text = Harmless(raw, charset);
      for (size_t cells = 0; cells < 12; ++cells) {
        CHECK(CellsOf(Cut(text, cells, charset)) <= cells);
        CHECK(CellsOf(LeftAligned(text, cells, charset)) == cells);
        CHECK(CellsOf(RightAligned(text, cells, charset)) == cells);
      }
    }
  }
  CHECK(Cut("abcdef", 4, Charset::kUtf8) == "abc…");
  CHECK(Cut("abcdef", 4, Charset::kAscii) == "abc~");
  CHECK(Cut("abcd", 4, Charset::kUtf8) == "abcd");
  CHECK(Beginning("日本語", 4) == "日本");
  CHECK(Beginning("日本語", 5) == "日本");
  CHECK(Beginning("日本語", 1).empty());
  CHECK(Beginning("abc", 9) == "abc");
  // Half a character is none.
  CHECK(Cut("日本語", 4, Charset::kUtf8) == "日…");
  CHECK(LeftAligned("日本語", 4, Charset::kUtf8) == "日… ");
  CHECK(RightAligned("7", 3, Charset::kAscii) == "  7");
}

TEST_CASE("figures of a column") {
  CHECK(CompactBytes(0) == "0");
  CHECK(CompactBytes(512) == "512B");
  CHECK(CompactBytes(999) == "999B");
  CHECK(CompactBytes(1000) == "0.98K");
  CHECK(CompactBytes(310.0 * 1024 * 1024) == "310M");
  CHECK(CompactBytes(12.34 * 1024 * 1024) == "12.3M");
  CHECK(CompactBytes(1.21 * 1024 * 1024 * 1024) == "1.21G");
  CHECK(CompactBytes(1e300) == "huge");
  CHECK(CompactChange(0) == "0");
  CHECK(CompactChange(4096) == "+4.00K");
  CHECK(CompactChange(-4096) == "-4.00K");
  CHECK(CompactRate(3.33 * 1024 * 1024 / 3600) == "3.33M/h");
  CHECK(CompactRate(2.0 * 1024 * 1024) == "2.00M/s");
  CHECK(CompactRate(1.5 * 1024 * 1024 / 60) == "1.50M/min");
  CHECK(CompactRate(0) == "0");
  CHECK(CompactCount(0) == "0");
  CHECK(CompactCount(9999) == "9999");
  CHECK(CompactCount(10'000) == "10.0k");
  CHECK(CompactCount(1'048'576) == "1.05M");
  CHECK(CompactDuration(0) == "0s");
  CHECK(CompactDuration(45) == "45s");
  CHECK(CompactDuration(12 * 60) == "12m");
  CHECK(CompactDuration(3.2 * 3600) == "3.2h");
  CHECK(CompactDuration(22 * 3600) == "22h");
  CHECK(CompactDuration(3.1 * 86400) == "3.1d");
  CHECK(CompactDuration(45 * 86400.0) == "45d");
  CHECK(CompactDuration(1e12) == "ages");
  CHECK(CompactPercentage(0.031) == "3.1");
  CHECK(WholeNumber(4'194'304) == "4194304");
}

}  // namespace
}  // namespace memleak
