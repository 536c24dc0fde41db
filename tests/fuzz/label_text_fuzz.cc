// Label text: valid UTF-8, bounded, and read back as what was meant.
#include <string>

#include "exporter/model/label_text.h"
#include "tests/fuzz/property.h"

namespace {

// The value of `x="value"`; aborts when the text is anything else.
std::string Reparse(std::string_view text) {
  using memleak::Require;
  constexpr std::string_view kStart = "x=\"";
  Require(text.starts_with(kStart), "name and opening quote");
  std::string value;
  for (size_t i = kStart.size(); i < text.size(); ++i) {
    char c = text[i];
    Require(c != '\n', "one line");
    if (c == '"') {
      Require(i + 1 == text.size(), "the first bare quote ends it");
      return value;
    }
    if (c == '\\') {
      Require(++i < text.size(), "a backslash escapes something");
      c = text[i];
      Require(c == '\\' || c == '"' || c == 'n', "a known escape");
      if (c == 'n') c = '\n';
    }
    value += c;
  }
  Require(false, "it ends");
  return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view input = InputText(data, size);
  const std::string valid = ValidUtf8(input);
  Require(valid.size() <= kMaxLabelValueBytes, "bounded");
  Require(IsUtf8(valid), "valid UTF-8");
  Require(ValidUtf8(valid) == valid, "valid text stays as it is");
  if (size <= kMaxLabelValueBytes && IsUtf8(input) && input.find('\0') == std::string_view::npos) {
    Require(valid == input, "valid input stays as it is");
  }

  std::string label;
  AppendLabel(label, "x", input);
  Require(Reparse(label) == valid, "it reads back");
  std::string two = label;
  AppendLabel(two, "x", input);
  Require(two == label + "," + label, "labels are joined by a comma");
  return 0;
}
