#include "exporter/web/api/list_query.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "exporter/model/label_text.h"
#include "exporter/web/query.h"

namespace memleak {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A client's text in an error's line.
std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 64;
  return '"' + ValidUtf8(text, kLongest) + '"';
}

std::optional<size_t> ParseCount(std::string_view text) {
  size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return count;
}

class Parser {
 public:
  Parser(const ListRules& rules, ListQuery& parsed) : rules_(rules), parsed_(parsed) {}

  bool Take(const std::string& name, const std::string& value) {
    if (const auto* filter = Find(rules_.filters, name)) return TakeFilter(*filter, value);
    if (Find(taken_, name) != nullptr) return Fail(Quoted(name) + " is given twice");
    taken_.push_back(name);
    if (name == "limit") return TakeCount(name, value, limit_.emplace());
    if (name == "offset") return TakeCount(name, value, parsed_.offset);
    if (name == "sort") return TakeSort(value);
    if (name == "search") {
      parsed_.search = LowerCase(value);
      return true;
    }
    if (name == "suspects") return TakeSwitch(name, value, parsed_.suspects);
    if (name == "history") return TakeSwitch(name, value, parsed_.history);
    if (name == "details") return TakeSwitch(name, value, parsed_.details);
    return Fail("there is no parameter " + Quoted(name) + " here");
  }

  bool Finish() {
    const bool detailed = parsed_.history || parsed_.details;
    const size_t most = detailed ? ListQuery::kMaxDetailedLimit : ListQuery::kMaxLimit;
    if (limit_.value_or(0) > most) {
      return Fail("limit is at most " + std::to_string(most) +
                  (detailed ? " with history or details" : ""));
    }
    parsed_.limit =
        limit_.value_or(detailed ? ListQuery::kMaxDetailedLimit : ListQuery::kDefaultLimit);
    return true;
  }

  std::string why() const { return why_; }

 private:
  template <typename Names>
  static auto Find(const Names& names, std::string_view name) -> decltype(names.data()) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found != names.end() ? &*found : nullptr;
  }

  bool Fail(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool TakeCount(std::string_view name, std::string_view value, size_t& count) {
    const auto parsed = ParseCount(value);
    if (!parsed) return Fail(std::string(name) + " is a whole number, not " + Quoted(value));
    count = *parsed;
    return true;
  }

  bool TakeSwitch(std::string_view name, std::string_view value, bool& on) {
    if (value != "true" && value != "false") {
      return Fail(std::string(name) + " is true or false, not " + Quoted(value));
    }
    on = value == "true";
    return true;
  }

  bool TakeSort(std::string_view value) {
    parsed_.descending = value.starts_with('-');
    if (parsed_.descending) value.remove_prefix(1);
    const auto* field = Find(rules_.fields, value);
    if (field == nullptr) return Fail("cannot sort by " + Quoted(value));
    parsed_.sort = *field;
    return true;
  }

  bool TakeFilter(std::string_view field, const std::string& value) {
    auto only = std::find_if(parsed_.only.begin(), parsed_.only.end(),
                             [&](const ListQuery::Only& each) { return each.field == field; });
    if (only == parsed_.only.end()) {
      parsed_.only.push_back({field, {}});
      only = parsed_.only.end() - 1;
    }
    if (only->values.size() == ListQuery::kMaxNames) {
      return Fail("at most " + std::to_string(ListQuery::kMaxNames) + " of " + std::string(field));
    }
    only->values.push_back(value);
    return true;
  }

  const ListRules& rules_;
  ListQuery& parsed_;
  std::optional<size_t> limit_;
  std::vector<std::string> taken_;
  std::string why_;
};

}  // namespace

bool ParseListQuery(std::string_view query, const ListRules& rules, ListQuery& parsed,
                    std::string& why) {
  parsed = ListQuery{};
  parsed.sort = rules.default_sort;
  Parser parser(rules, parsed);
  for (const auto& [name, value] : ParseQuery(query)) {
    if (!parser.Take(name, value)) {
      why = parser.why();
      return false;
    }
  }
  if (parser.Finish()) return true;
  why = parser.why();
  return false;
}

bool TakesNoParameters(std::string_view query, std::string& why) {
  const auto pairs = ParseQuery(query);
  if (pairs.empty()) return true;
  why = "there is no parameter " + Quoted(pairs[0].first) + " here";
  return false;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

bool ContainsInAnyCase(std::string_view text, std::string_view part) {
  const auto equal = [](char a, char b) { return Lower(a) == b; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), equal) != text.end();
}

}  // namespace memleak
