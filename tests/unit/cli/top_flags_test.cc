#include <array>
#include <chrono>
#include <initializer_list>
#include <string>

#include "exporter/config/flags.h"
#include "tests/catch.h"
#include "tests/unit/cli/command_line.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

TEST_CASE("top without flags") {
  const CommandLine line = Parse({"top"});
  CHECK(line.action == CommandLine::Action::kTop);
  CHECK(line.top == TopOptions{});
  CHECK(line.top.interval == milliseconds(2000));
  CHECK(line.options.trend.interval == milliseconds(15'000));
}

TEST_CASE("top with flags") {
  TopOptions expected;
  expected.url = "http://u:p@worker-a17:10078";
  expected.once = true;
  expected.json = true;
  expected.interval = milliseconds(500);
  expected.sort = TopOptions::Sort::kGrowth;
  expected.rows = 7;
  CHECK(Parse({"top", "--url=http://u:p@worker-a17:10078", "--once", "--json", "--interval=500ms",
               "--sort", "growth", "--rows=7"})
            .top == expected);
}

TEST_CASE("what order each name stands for") {
  using Sort = TopOptions::Sort;
  struct Case {
    const char* name;
    Sort sort;
  };
  constexpr std::array<Case, 7> kCases{{{"rss", Sort::kRss},
                                        {"footprint", Sort::kFootprint},
                                        {"growth", Sort::kGrowth},
                                        {"fds", Sort::kDescriptors},
                                        {"pid", Sort::kPid},
                                        {"age", Sort::kAge},
                                        {"cpu", Sort::kCpu}}};
  for (const Case& each : kCases) {
    INFO(each.name);
    CHECK(Parse({"top", "--sort", each.name}).top.sort == each.sort);
  }
}

TEST_CASE("the host's trees are those of serve") {
  const CommandLine line =
      Parse({"top", "--direct", "--path.procfs=/host/proc", "--path.sysfs=/host/sys",
             "--path.rootfs=/host", "--trend.slot=1s", "--group.rule=api=java .*api"});
  CHECK(line.top.direct);
  CHECK(line.options.path.procfs == "/host/proc");
  CHECK(line.options.path.sysfs == "/host/sys");
  CHECK(line.options.path.rootfs == "/host");
  CHECK(line.options.trend.slot == milliseconds(1000));
  CHECK(line.options.trend.interval == milliseconds(250));
  REQUIRE(line.options.group.rules.size() == 1);
  CHECK(line.options.group.rules[0].name == "api");
}

TEST_CASE("what top refuses") {
  CHECK(Refusal({"top", "--url=worker-a17:10078"}) ==
        "--url: is not a URL; use one like http://localhost:10078");
  CHECK(Refusal({"top", "--direct", "--url=http://localhost:1"}) ==
        "--direct: looks at this host itself; give it or --url, not both");
  CHECK(Refusal({"top", "--path.procfs=/x"}) ==
        "--path.procfs: needs --direct; an exporter has flags of its own");
  CHECK_THAT(Refusal({"top", "--interval=99ms"}), ContainsText("too short"));
  CHECK_THAT(Refusal({"top", "--rows=0"}), ContainsText("--rows"));
  CHECK_THAT(Refusal({"top", "--sort=size"}), ContainsText("footprint"));
  CHECK_THAT(Refusal({"top", "java"}), ContainsText("top --help"));
  CHECK_THAT(Refusal({"top", "--web.listen-address=:1"}), ContainsText("top --help"));
}

TEST_CASE("help of top") {
  CHECK(Parse({"top", "--help"}).action == CommandLine::Action::kTopHelp);
  const std::string help = TopHelpText({});
  for (const char* flag : {"--url", "--direct", "--once", "--json", "--interval", "--sort",
                           "--rows", "--path.procfs", "--trend.slot"}) {
    CHECK_THAT(help, ContainsText(flag));
  }
}

}  // namespace
}  // namespace memleak
