#include "exporter/model/label_text.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

std::string Label(std::string_view value) {
  std::string out;
  AppendLabel(out, "x", value);
  return out;
}

}  // namespace

TEST_CASE("labels are joined by commas") {
  std::string out;
  AppendLabel(out, "pid", "1");
  AppendLabel(out, "comm", "init");
  AppendLabel(out, "group", "");
  CHECK(out == R"(pid="1",comm="init",group="")");
}

TEST_CASE("quotes, backslashes and newlines are escaped, nothing else") {
  CHECK(Label("a\"b") == R"(x="a\"b")");
  CHECK(Label("a\\nb") == R"(x="a\\nb")");
  CHECK(Label("a\nb") == R"(x="a\nb")");
  CHECK(Label("(a) {b} <script>\t\r'&=,") == "x=\"(a) {b} <script>\t\r'&=,\"");
}

TEST_CASE("valid UTF-8 stays as it is") {
  // The first and the last character of each length, and around the surrogates.
  for (const char* const text :
       {"\x01", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "gr\xC3\xBC\xC3\x9F"}) {
    CHECK(ValidUtf8(text) == text);
  }
}

TEST_CASE("each byte that is not UTF-8 becomes a replacement character") {
  CHECK(ValidUtf8("a\xFFz") == "a" + kReplacement + "z");
  CHECK(ValidUtf8("\x80") == kReplacement);
  CHECK(ValidUtf8("\xC3") == kReplacement);
  CHECK(ValidUtf8("\xC3(") == kReplacement + "(");
  CHECK(ValidUtf8("\xE2\x82") == kReplacement + kReplacement);
  CHECK(ValidUtf8("\xE2\x82\xC3") == kReplacement + kReplacement + kReplacement);
  // Cut off by the end of the view, not of the memory behind it.
  CHECK(ValidUtf8(std::string_view("\xE2\x82\xAC", 2)) == kReplacement + kReplacement);
  CHECK(ValidUtf8("\xC0\xAF") == kReplacement + kReplacement);  // overlong
  CHECK(ValidUtf8("\xE0\x9F\xBF") == kReplacement + kReplacement + kReplacement);
  CHECK(ValidUtf8("\xF0\x8F\xBF\xBF").size() == 4 * kReplacement.size());
  CHECK(ValidUtf8("\xED\xA0\x80") == kReplacement + kReplacement + kReplacement);  // surrogate
  CHECK(ValidUtf8("\xF4\x90\x80\x80").size() == 4 * kReplacement.size());  // beyond U+10FFFF
  CHECK(ValidUtf8("\xF5\x80\x80\x80").size() == 4 * kReplacement.size());
  CHECK(ValidUtf8(std::string_view("a\0b", 3)) == "a" + kReplacement + "b");
  CHECK(Label("\xFF\"") == "x=\"" + kReplacement + "\\\"\"");
}

TEST_CASE("a long value is cut at a character's border") {
  CHECK(ValidUtf8("abcdef", 3) == "abc");
  CHECK(ValidUtf8("ab\xC3\xBC", 3) == "ab");
  CHECK(ValidUtf8("ab\xC3\xBC", 4) == "ab\xC3\xBC");
  CHECK(ValidUtf8("ab\xFF", 4) == "ab");  // the replacement needs three bytes
  CHECK(ValidUtf8("a", 0).empty());
  CHECK(ValidUtf8(std::string(1'000, 'a')).size() == kMaxLabelValueBytes);
}

TEST_CASE("the bound counts bytes before escaping") {
  const std::string quotes(1'000, '"');
  std::string expected = "x=\"";
  for (size_t i = 0; i < kMaxLabelValueBytes; ++i) expected += "\\\"";
  CHECK(Label(quotes) == expected + "\"");
}

}  // namespace memleak
