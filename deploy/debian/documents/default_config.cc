#include "deploy/debian/documents/default_config.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <vector>

namespace memleak {
namespace {

using Kind = Flag::Kind;

constexpr size_t kWidth = 100;

std::string Comment(std::string_view text) {
  const std::string_view mark = "  #";
  std::string out;
  std::string line(mark);
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (line.size() > mark.size() && line.size() + 1 + end > kWidth) {
      out += line + '\n';
      line = mark;
    }
    line += ' ';
    line += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line + '\n';
}

// As a YAML scalar that is a string, a number or a switch wherever the loader wants one.
std::string Scalar(const std::string& value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '_' || c == '-';
  });
  return plain ? value : '"' + value + '"';
}

std::string Value(const Flag& flag, const std::string& value) {
  switch (flag.kind) {
    case Kind::kList:
      return '[' + Scalar(value) + ']';
    case Kind::kRules:
      return "[{name: NAME, match: REGEX}]";
    case Kind::kMark:
    case Kind::kSwitch:
    case Kind::kValue:
    case Kind::kAction:
      break;
  }
  return Scalar(value);
}

// What stands there when nothing is chosen: the default, or what kind of value it would be.
std::string Usual(const Flag& flag) {
  if (flag.kind == Kind::kMark) return "false";
  return flag.default_value.empty() ? flag.value_name : flag.default_value;
}

// `a.b.c` with its value, below the section `a`: `b: {c: VALUE}`.
std::string Entry(std::string_view key, const std::string& value) {
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return std::string(key) + ": " + value;
  return std::string(key.substr(0, dot)) + ": {" + Entry(key.substr(dot + 1), value) + "}";
}

}  // namespace

std::string DefaultConfig(std::string_view head, std::span<const Flag> flags,
                          std::map<std::string, std::string> chosen) {
  // Sections in the order of their first flag.
  std::vector<std::pair<std::string, std::string>> sections;
  for (const Flag& flag : flags) {
    if (flag.file_key.empty()) continue;
    const size_t dot = flag.file_key.find('.');
    const std::string name = flag.file_key.substr(0, dot);
    auto section = std::find_if(sections.begin(), sections.end(),
                                [&](const auto& one) { return one.first == name; });
    if (section == sections.end()) section = sections.insert(sections.end(), {name, {}});
    const auto choice = chosen.find(flag.file_key);
    const bool is_chosen = choice != chosen.end();
    const std::string value = Value(flag, is_chosen ? choice->second : Usual(flag));
    const std::string_view key = std::string_view{flag.file_key}.substr(dot + 1);
    section->second +=
        '\n' + Comment(flag.help) + (is_chosen ? "  " : "  #") + Entry(key, value) + '\n';
    if (is_chosen) chosen.erase(choice);
  }
  if (!chosen.empty()) throw std::runtime_error("no flag is " + chosen.begin()->first);
  std::string out(head);
  for (const auto& [name, entries] : sections)
    out.append(1, '\n').append(name + ':').append(entries);
  return out;
}

}  // namespace memleak
