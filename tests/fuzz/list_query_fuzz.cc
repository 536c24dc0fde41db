// Parameters of the lists of the JSON API: understood or refused, within bounds, nothing else.
#include <algorithm>
#include <string>

#include "exporter/web/api/list_query.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  static const ListRules kRules = {
      "resident_bytes", {"pid", "comm", "resident_bytes"}, {"pid", "group", "cgroup"}};
  ListQuery query;
  std::string why;
  if (!ParseListQuery(InputText(data, size), kRules, query, why)) {
    Require(!why.empty() && why.size() < 256, "a refusal says why, in short");
    return 0;
  }
  const bool detailed = query.history || query.details;
  Require(query.limit <= (detailed ? ListQuery::kMaxDetailedLimit : ListQuery::kMaxLimit),
          "a page is bounded");
  Require(std::count(kRules.fields.begin(), kRules.fields.end(), query.sort) == 1,
          "it is sorted by a field");
  Require(query.only.size() <= kRules.filters.size(), "each filter stands once");
  for (const ListQuery::Only& only : query.only) {
    Require(!only.values.empty() && only.values.size() <= ListQuery::kMaxNames,
            "names are bounded");
  }
  Require(query.search == LowerCase(query.search), "what is searched is in lower case");
  Require(ContainsInAnyCase("a" + query.search + "b", query.search), "and is found");
  return 0;
}
