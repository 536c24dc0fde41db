// A small parser of both text formats, for comparing what two serializers say. Written against the
// formats' documents, not against the writer; it accepts only what the tests need.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace memleak {

using Labels = std::map<std::string, std::string>;
using Series = std::pair<std::string, Labels>;  // sample name, unescaped labels

struct ParsedText {
  std::map<std::string, std::string> types;
  std::map<std::string, std::string> helps;  // unescaped
  std::map<std::string, std::string> units;
  std::map<Series, double> samples;  // bounds ("le", "quantile") in the shortest form
  bool eof = false;                  // "# EOF" was the last line
};

// Throws std::runtime_error with the line for anything malformed, a series that comes twice, a
// family that comes twice and a sample outside of its family.
ParsedText ParseText(std::string_view text);

}  // namespace memleak
