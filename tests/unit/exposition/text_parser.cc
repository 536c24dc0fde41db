#include "tests/unit/exposition/text_parser.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace memleak {
namespace {

class Line {
 public:
  explicit Line(std::string_view line) : line_(line), rest_(line) {}

  [[noreturn]] void Fail(const std::string& why) const {
    throw std::runtime_error(why + ": " + std::string(line_));
  }

  bool Take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  void Expect(std::string_view expected) {
    if (!Take(expected)) Fail("expected '" + std::string(expected) + "'");
  }
  std::string Name() {
    const size_t size =
        rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789");
    std::string name(rest_.substr(0, size));
    if (name.empty()) Fail("expected a name");
    rest_.remove_prefix(name.size());
    return name;
  }
  // Up to `end`, or up to the end of the line where that is 0.
  std::string Unescaped(char end) {
    std::string text;
    while (!rest_.empty() && (end == 0 || rest_.front() != end)) {
      char c = TakeOne();
      if (c == '\\') {
        if (rest_.empty()) Fail("backslash at the end");
        c = TakeOne();
        if (c == 'n') c = '\n';
      }
      text += c;
    }
    return text;
  }
  std::string Rest() { return std::string(std::exchange(rest_, {})); }
  bool empty() const { return rest_.empty(); }

 private:
  char TakeOne() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view line_;
  std::string_view rest_;
};

double ToDouble(const Line& line, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') line.Fail("not a number");
  return value;
}

void ParseSample(Line& line, const std::string& family, ParsedText& parsed) {
  const std::string name = line.Name();
  if (!name.starts_with(family)) line.Fail("sample outside of its family");
  Labels labels;
  if (line.Take("{")) {
    while (!line.Take("}")) {
      if (!labels.empty()) line.Expect(",");
      const std::string label = line.Name();
      line.Expect("=\"");
      std::string value = line.Unescaped('"');
      line.Expect("\"");
      if (label == "le" || label == "quantile") {
        std::ostringstream shortest;
        shortest << ToDouble(line, value);
        value = shortest.str();
      }
      if (!labels.emplace(label, value).second) line.Fail("label twice");
    }
  }
  line.Expect(" ");
  const double value = ToDouble(line, line.Rest());
  if (!parsed.samples.emplace(Series(name, labels), value).second) line.Fail("series twice");
}

}  // namespace

ParsedText ParseText(std::string_view text) {
  ParsedText parsed;
  std::string family;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    Line line(text.substr(0, end));
    if (end == std::string_view::npos) line.Fail("line without an end");
    if (parsed.eof) line.Fail("line after the end");
    text.remove_prefix(end + 1);
    if (!line.Take("# ")) {
      ParseSample(line, family, parsed);
      continue;
    }
    if (line.Take("EOF")) {
      parsed.eof = true;
      continue;
    }
    const std::string keyword = line.Name();
    line.Expect(" ");
    family = line.Name();
    line.Expect(" ");
    auto& values = keyword == "TYPE"   ? parsed.types
                   : keyword == "UNIT" ? parsed.units
                                       : parsed.helps;
    if (keyword != "TYPE" && keyword != "UNIT" && keyword != "HELP") line.Fail("unknown keyword");
    if (!values.emplace(family, line.Unescaped(0)).second) line.Fail("family twice");
  }
  return parsed;
}

}  // namespace memleak
