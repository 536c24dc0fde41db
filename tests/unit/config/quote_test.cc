#include "exporter/config/quote.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

TEST_CASE("what can be read is repeated as it was typed") {
  CHECK(Quoted("") == "\"\"");
  CHECK(Quoted("java .*api\\.jar") == "\"java .*api\\.jar\"");
  CHECK(Printable("größe 日本 \xF0\x9F\x90\x98") == "größe 日本 \xF0\x9F\x90\x98");
}

TEST_CASE("control characters are escaped") {
  CHECK(Printable("a\nb\tc\rd\x1b[31m\x7f") == "a\\nb\\tc\\x0dd\\x1b[31m\\x7f");
  CHECK(Printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(Printable("\xC2\x9B"
                  "31m") == "\\xc2\\x9b31m");  // a control character beyond ASCII
}

TEST_CASE("characters that break a line or turn it around are escaped") {
  CHECK(Printable(std::string{'\xE2', '\x80', '\xAE'}) == "\\xe2\\x80\\xae");  // U+202E
  CHECK(Printable("\xE2\x80\xA8") == "\\xe2\\x80\\xa8");                       // U+2028
  CHECK(Printable(std::string{'\xE2', '\x81', '\xA6'}) == "\\xe2\\x81\\xa6");  // U+2066
  CHECK(Printable("\xEF\xBB\xBF") == "\\xef\\xbb\\xbf");                       // U+FEFF
}

TEST_CASE("bytes that are no UTF-8 are escaped one by one") {
  CHECK(Printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(Printable("\xC3") == "\\xc3");                             // cut short
  CHECK(Printable("\xC3(") == "\\xc3(");                           // not continued
  CHECK(Printable("\xC0\xAF") == "\\xc0\\xaf");                    // overlong
  CHECK(Printable("\xE0\x80\xAF") == "\\xe0\\x80\\xaf");           // overlong
  CHECK(Printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(Printable("\xF4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  CHECK(Printable("\xF8\x88\x80\x80\x80") == "\\xf8\\x88\\x80\\x80\\x80");
}

TEST_CASE("long text is shortened between characters") {
  CHECK(Printable(std::string(120, 'x')) == std::string(120, 'x'));
  CHECK(Printable(std::string(100'000, 'x')) == std::string(120, 'x') + "...");
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ü";
  CHECK(Printable('x' + umlauts) == 'x' + umlauts.substr(0, 120) + "...");
}

}  // namespace
}  // namespace memleak
