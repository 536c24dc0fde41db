#include <re2/re2.h>

#include <string>
#include <string_view>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/config/values.h"

namespace memleak {
namespace {

constexpr size_t kMaxNameBytes = 128;  // as every group's name

[[noreturn]] void Refuse(std::string_view rule, const std::string& why) {
  throw UsageError(Quoted(rule) + ' ' + why);
}

// What stays of the name whatever its \1 to \9 take from a process. Refuses \0, which the rewrite
// of RE2 would take, since the whole match is rarely a name.
std::string WithoutCaptures(std::string_view rule, std::string_view name) {
  std::string rest;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\' || i + 1 == name.size()) {
      rest += name[i];
      continue;
    }
    const char what = name[++i];
    if (what == '0') Refuse(rule, R"(has \0 in its name; use \1 to \9 for the capture groups)");
    if (what < '1' || what > '9') rest += what;
  }
  return rest;
}

}  // namespace

GroupRule ParseGroupRule(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    Refuse(text, "is not a rule; use NAME=REGEX, both not empty");
  }
  GroupRule rule{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};

  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 regex(rule.regex, options);
  if (!regex.ok()) {
    Refuse(text, "has a bad regex (" + Printable(regex.error()) + "); use RE2 syntax");
  }
  std::string error;
  if (!regex.CheckRewriteString(rule.name, &error)) {
    Refuse(text, "has a bad name; use \\1 to \\9 for capture groups that the regex has (" +
                     std::to_string(regex.NumberOfCapturingGroups()) +
                     "), and \\\\ for a backslash");
  }
  const std::string rest = WithoutCaptures(text, rule.name);
  if (Printable(rule.name, kMaxNameBytes) != rule.name) {
    Refuse(text, "has a bad name; use at most 128 bytes of printable UTF-8");
  }
  // A capture holds no parentheses, but it can be empty or fill them: `(\1)` could become (kernel).
  if (rest.starts_with('(') && rest.ends_with(')')) {
    Refuse(text,
           "has a reserved name; use one that is not in parentheses, like (other) and (kernel)");
  }
  return rule;
}

}  // namespace memleak
