#include "exporter/web/api/list_query.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

const ListRules kRules = {
    "resident_bytes", {"pid", "comm", "resident_bytes"}, {"pid", "group", "cgroup"}};

ListQuery Parsed(std::string_view query) {
  ListQuery parsed;
  std::string why;
  INFO(query);
  const bool understood = ParseListQuery(query, kRules, parsed, why);
  INFO(why);
  REQUIRE(understood);
  return parsed;
}

std::string Refusal(std::string_view query) {
  ListQuery parsed;
  std::string why;
  INFO(query);
  REQUIRE_FALSE(ParseListQuery(query, kRules, parsed, why));
  return why;
}

std::string Repeated(const std::string& parameter, int times) {
  std::string query;
  for (int i = 0; i < times; ++i) query += parameter + std::to_string(i) + '&';
  return query;
}

}  // namespace

TEST_CASE("without parameters a list is its first thousand, the largest first") {
  const ListQuery query = Parsed("");
  CHECK(query.limit == 1000);
  CHECK(query.offset == 0);
  CHECK(query.sort == "resident_bytes");
  CHECK(query.descending);
  CHECK(query.search.empty());
  CHECK(query.only.empty());
  CHECK_FALSE((query.suspects || query.history || query.details));
}

TEST_CASE("a list's parameters are understood") {
  const ListQuery query =
      Parsed("limit=7&offset=14&sort=comm&search=Ng%49nx&suspects=true&pid=1&group=a%26b&pid=2");
  CHECK(query.limit == 7);
  CHECK(query.offset == 14);
  CHECK(query.sort == "comm");
  CHECK_FALSE(query.descending);
  CHECK(query.search == "nginx");
  CHECK(query.suspects);
  REQUIRE(query.only.size() == 2);
  CHECK(query.only[0].field == "pid");
  CHECK(query.only[0].values == std::vector<std::string>{"1", "2"});
  CHECK(query.only[1].field == "group");
  CHECK(query.only[1].values == std::vector<std::string>{"a&b"});
  CHECK(Parsed("sort=-pid").descending);
  CHECK(Parsed("limit=0").limit == 0);
  CHECK(Parsed("limit=10000").limit == 10000);
  CHECK_FALSE(Parsed("history=false").history);
}

TEST_CASE("a list with histories or details is short") {
  CHECK(Parsed("history=true").limit == 100);
  CHECK(Parsed("details=true").limit == 100);
  CHECK(Parsed("limit=5&history=true").limit == 5);
  CHECK_THAT(Refusal("limit=101&details=true"), ContainsText("at most 100 with"));
  CHECK_THAT(Refusal("history=true&limit=1000"), ContainsText("at most 100 with"));
  CHECK(Parsed("history=false&details=false").limit == 1000);
}

TEST_CASE("what is not understood of a list's parameters is told") {
  CHECK_THAT(Refusal("limit=10001"), ContainsText("at most 10000"));
  for (const char* number : {"limit=", "limit=x", "limit=-1", "limit=1.5", "limit=+1", "limit= 1",
                             "limit=99999999999999999999", "offset=1e3"}) {
    CHECK_THAT(Refusal(number), ContainsText("is a whole number"));
  }
  CHECK_THAT(Refusal("sort=nonsense"), ContainsText("cannot sort by \"nonsense\""));
  CHECK_THAT(Refusal("sort="), ContainsText("cannot sort by"));
  CHECK_THAT(Refusal("sort=--pid"), ContainsText("cannot sort by"));
  CHECK_THAT(Refusal("suspects=yes"), ContainsText("is true or false"));
  CHECK_THAT(Refusal("history"), ContainsText("is true or false"));
  CHECK_THAT(Refusal("what=ever"), ContainsText("no parameter \"what\""));
  CHECK_THAT(Refusal("Limit=1"), ContainsText("no parameter \"Limit\""));
  CHECK_THAT(Refusal("limit=1&limit=2"), ContainsText("given twice"));
  CHECK_THAT(Refusal("limit=%FF%00"), ContainsText("\xEF\xBF\xBD"));
}

TEST_CASE("a hundred of a kind can be asked for by name") {
  CHECK(Parsed(Repeated("group=g", 100)).only[0].values.size() == 100);
  CHECK_THAT(Refusal(Repeated("group=g", 101)), ContainsText("at most 100 of group"));
  CHECK(Parsed(Repeated("pid=", 100) + Repeated("group=g", 100)).only.size() == 2);
  // More than a query holds: still refused, never cut in silence.
  CHECK_THAT(Refusal(Repeated("pid=", 1000)), ContainsText("at most 100 of pid"));
}

TEST_CASE("what takes no parameters takes none") {
  std::string why;
  CHECK(TakesNoParameters("", why));
  CHECK(TakesNoParameters("&", why));
  CHECK_FALSE(TakesNoParameters("limit=1", why));
  CHECK_THAT(why, ContainsText("\"limit\""));
}

TEST_CASE("letters are found in any case, other characters as they are") {
  CHECK(ContainsInAnyCase("NGINX: worker", "nginx"));
  CHECK(ContainsInAnyCase("x", ""));
  CHECK_FALSE(ContainsInAnyCase("ngin", "nginx"));
  CHECK_FALSE(ContainsInAnyCase("a[b", "a{b"));
  CHECK(LowerCase("\xC3\x84Z@[") == "\xC3\x84z@[");
}

}  // namespace memleak
