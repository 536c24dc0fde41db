#include <set>
#include <string>

#include "collectors/registry.h"
#include "tests/catch.h"

namespace memleak {

TEST_CASE("every collector has a name of its own, a help line and a maker") {
  std::set<std::string_view> names;
  for (const CollectorInfo& info : AllCollectors()) {
    CAPTURE(info.name);
    CHECK(names.insert(info.name).second);
    CHECK_FALSE(info.help.empty());
    REQUIRE(info.make != nullptr);
    CHECK(info.make() != nullptr);
  }
  CHECK(names.count("process") == 1);
}

TEST_CASE("a collector whose input could not be read throws and does not write zeros") {
  const Snapshot nothing;
  for (const CollectorInfo& info : AllCollectors()) {
    CAPTURE(info.name);
    // Where the kernel's log may not be read, there is nothing to tell and nothing failed.
    if (info.name == "oom") continue;
    MetricWriter writer(Format::kText);
    CHECK_THROWS_AS(info.make()->Collect(nothing, writer), std::exception);
    CHECK(writer.samples() == 0);
  }
}

}  // namespace memleak
