#include <chrono>
#include <initializer_list>
#include <string>

#include "exporter/config/flags.h"
#include "tests/catch.h"
#include "tests/unit/cli/command_line.h"

namespace memleak {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

AnalyzeOptions Options(std::initializer_list<const char*> arguments) {
  const CommandLine line = Parse(arguments);
  CHECK(line.action == CommandLine::Action::kAnalyze);
  return line.analyze;
}

TEST_CASE("analyze with files") {
  AnalyzeOptions expected;
  expected.files = {"a.csv", "-", "b.log"};
  CHECK(Options({"analyze", "a.csv", "-", "b.log"}) == expected);

  expected.limit = 8'000'000'000;
  expected.resource = AnalyzeOptions::Resource::kFds;
  expected.slot = seconds(1);
  expected.interval = minutes(1);
  expected.format = AnalyzeOptions::Format::kJson;
  expected.timeline = true;
  CHECK(Options({"analyze", "--limit", "8000MB", "a.csv", "--resource=fds", "--trend.slot=1s", "-",
                 "--interval", "60s", "--format", "json", "--timeline", "b.log"}) == expected);
}

TEST_CASE("analyze with a Prometheus") {
  AnalyzeOptions expected;
  expected.prometheus = "http://u:p@localhost:9090/x";
  expected.query = "rss > 5";
  CHECK(Options({"analyze", "--prometheus", "http://u:p@localhost:9090/x", "--query", "rss > 5"}) ==
        expected);
  expected.since = hours(6);
  expected.step = seconds(15);
  expected.timeout = seconds(2);
  CHECK(Options({"analyze", "--prometheus", "http://u:p@localhost:9090/x", "--query", "rss > 5",
                 "--since=6h", "--step=15s", "--timeout=2s"}) == expected);
}

TEST_CASE("help of analyze") {
  CHECK(Parse({"analyze", "--help"}).action == CommandLine::Action::kAnalyzeHelp);
  CHECK(Parse({"analyze", "--limit=nothing", "--help"}).action ==
        CommandLine::Action::kAnalyzeHelp);
  const std::string help = AnalyzeHelpText();
  for (const char* name :
       {"resource=", "limit=", "interval=", "trend.slot=", "prometheus=", "query=", "since=",
        "step=", "timeout=", "format=", "timeline", "help"}) {
    INFO(name);
    CHECK(help.find("\n  --" + std::string(name)) != std::string::npos);
  }
  std::string line;
  for (const char c : help) {
    if (c != '\n') {
      line += c;
      continue;
    }
    INFO(line);
    CHECK(line.size() <= 100);
    line.clear();
  }
}

TEST_CASE("wrong usage of analyze") {
  const std::string nothing =
      "nothing to analyze; use memleak_exporter analyze FILE... (see analyze --help)";
  CHECK(Refusal({"analyze"}) == nothing);
  CHECK(Refusal({"analyze", "--format=json"}) == nothing);
  CHECK(Refusal({"analyze", "--what", "a"}) ==
        "--what: unknown flag; analyze --help lists the flags");
  CHECK(Refusal({"analyze", "-x"}) == "-x: unknown flag; analyze --help lists the flags");
  CHECK(Refusal({"analyze", "--web.ui", "a"}) ==
        "--web.ui: unknown flag; analyze --help lists the flags");
  CHECK(Refusal({"analyze", "--limit"}) == "--limit: needs a value; use --limit=SIZE");
  CHECK(Refusal({"analyze", "--limit=a lot", "a"}) ==
        "--limit: \"a lot\" is not a size; use a number with KiB, MiB, GiB, kB, MB or GB");
  CHECK(Refusal({"analyze", "--interval=0", "a"}) ==
        "--interval: \"0\" is too short; use 1ms or more");
  CHECK(Refusal({"analyze", "--trend.slot=1ms", "a"}) ==
        "--trend.slot: \"1ms\" is too short; use 10ms or more");
  CHECK(Refusal({"analyze", "--step=0s", "--prometheus=http://x", "--query=x"}) ==
        "--step: \"0s\" is too short; use 1s or more");
  CHECK(Refusal({"analyze", "--timeline", "a"}) == "--timeline: needs --format=json");
  CHECK(Refusal({"analyze", "--query=x", "a"}) == "--query: needs --prometheus=URL");
  CHECK(Refusal({"analyze", "--since=7d", "a"}) == "--since: needs --prometheus=URL");
  CHECK(Refusal({"analyze", "--prometheus=http://x"}) == "--prometheus: needs --query=PROMQL");
  CHECK(Refusal({"analyze", "--prometheus=http://x", "--query=x", "a"}) ==
        "--prometheus: takes no files; give it alone or \"a\" alone");
  CHECK(Refusal({"analyze", "--prometheus=http://x", "--query=x", "--interval=1s"}) ==
        "--interval: is for files; --step is that of --prometheus");
  CHECK(Refusal({"analyze", "--query=", "--prometheus=http://x"}) ==
        "--query: needs a value; use --query=PROMQL");
  CHECK(Refusal({"analyze", "--format=xml", "a"}).substr(0, 9) == "--format:");
}

TEST_CASE("a refused URL is not repeated, as it may hold a password") {
  CHECK(Refusal({"analyze", "--prometheus=ftp://u:secret@x", "--query=x"}) ==
        "--prometheus: is not a URL; use one like http://localhost:9090");
}

}  // namespace
}  // namespace memleak
