// What a request asks a list for: its parameters, understood. Pure; hostile input never throws.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memleak {

struct ListQuery {
  static constexpr size_t kDefaultLimit = 1'000;
  static constexpr size_t kMaxLimit = 10'000;
  // With a history or details in each row.
  static constexpr size_t kMaxDetailedLimit = 100;
  // Of one kind that are asked for by name.
  static constexpr size_t kMaxNames = 100;

  // Rows whose field of this name is one of these, as it is shown.
  struct Only {
    std::string_view field;
    std::vector<std::string> values;
  };

  size_t limit = kDefaultLimit;
  size_t offset = 0;
  std::string_view sort;  // the name of a field
  bool descending = true;
  std::string search;  // in lower case; empty for everything
  bool suspects = false;
  std::vector<Only> only;
  bool history = false;
  bool details = false;
};

// What a list can be asked for.
struct ListRules {
  std::string_view default_sort;          // descending
  std::vector<std::string_view> fields;   // that it can be sorted by
  std::vector<std::string_view> filters;  // parameters that name rows: "pid", "group", "cgroup"
};

// Fills `parsed`, whose views are into `rules`. False when the query is not understood, and why:
// one line that may be shown to the client.
bool ParseListQuery(std::string_view query, const ListRules& rules, ListQuery& parsed,
                    std::string& why);

// For what takes no parameters: whether there are none, and if there are, what to say.
bool TakesNoParameters(std::string_view query, std::string& why);

// ASCII letters in lower case, everything else as it is.
std::string LowerCase(std::string_view text);
// Whether `text` has `part`, which is in lower case, in any case of letters.
bool ContainsInAnyCase(std::string_view text, std::string_view part);

}  // namespace memleak
