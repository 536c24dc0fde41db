#include "exporter/web/query.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("pairs come in their order, repeated keys too") {
  CHECK(ParseQuery("collect[]=process&exclude[]=group&collect[]=meminfo") ==
        Pairs{{"collect[]", "process"}, {"exclude[]", "group"}, {"collect[]", "meminfo"}});
}

TEST_CASE("percent escapes and plus signs are decoded in keys and values") {
  CHECK(ParseQuery("collect%5B%5d=a%20b+c%2Bd%26%3D") == Pairs{{"collect[]", "a b c+d&="}});
  CHECK(ParseQuery("x=%00%ff") == Pairs{{"x", std::string("\0\xff", 2)}});
}

TEST_CASE("a broken percent escape stands for itself") {
  CHECK(ParseQuery("x=100%") == Pairs{{"x", "100%"}});
  CHECK(ParseQuery("x=%4") == Pairs{{"x", "%4"}});
  CHECK(ParseQuery("x=%zz%4g%g4") == Pairs{{"x", "%zz%4g%g4"}});
  CHECK(ParseQuery("x=%%41") == Pairs{{"x", "%A"}});
  CHECK(ParseQuery("x=%2&y=5") == Pairs{{"x", "%2"}, {"y", "5"}});
}

TEST_CASE("keys or values may be missing") {
  CHECK(ParseQuery("").empty());
  CHECK(ParseQuery("&&&").empty());
  CHECK(ParseQuery("x") == Pairs{{"x", ""}});
  CHECK(ParseQuery("x=") == Pairs{{"x", ""}});
  CHECK(ParseQuery("=y") == Pairs{{"", "y"}});
  CHECK(ParseQuery("&x=a=b&") == Pairs{{"x", "a=b"}});
}

TEST_CASE("no more than 400 pairs are kept") {
  std::string query;
  for (int i = 0; i < 1'000; ++i) query += "k" + std::to_string(i) + "=v&";
  const Pairs pairs = ParseQuery(query);
  REQUIRE(pairs.size() == 400);
  CHECK(pairs.back().first == "k399");
}

}  // namespace memleak
