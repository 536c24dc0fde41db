#include "exporter/config/flags.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/analyze_flags.h"
#include "exporter/config/top_flags.h"
#include "tests/catch.h"
#include "tests/unit/config/support.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

TEST_CASE("no arguments serve with the defaults") {
  const CommandLine line = Parse({});
  CHECK(line.action == CommandLine::Action::kServe);
  CHECK(line.options == Options{});
  CHECK(Parse({"serve"}).options == Options{});
}

TEST_CASE("every flag sets its option, with a space or an equals sign") {
  const Options spaced = Flags({"serve",
                                "--web.listen-address",
                                "127.0.0.1:9000",
                                "--web.listen-address",
                                "[::1]:9000",
                                "--web.health-address",
                                "127.0.0.1:9001",
                                "--web.telemetry-path",
                                "/m/all",
                                "--no-web.ui",
                                "--web.max-requests",
                                "7",
                                "--web.config.file",
                                "/etc/web.yml",
                                "--path.procfs",
                                "/host/proc",
                                "--path.sysfs",
                                "/host/sys",
                                "--path.rootfs",
                                "/host",
                                "--node.name",
                                "worker-a17",
                                "--no-collector.process",
                                "--collector.process_vm",
                                "--collector.disable-defaults",
                                "--process.source",
                                "procfs",
                                "--process.min-rss",
                                "1.5MiB",
                                "--process.min-age",
                                "1m30s",
                                "--process.limit",
                                "0",
                                "--group.limit",
                                "100000",
                                "--group.rule",
                                "api=java .*api\\.jar",
                                "--group.rule",
                                "w-\\1=worker=(\\w+)",
                                "--cgroup.limit",
                                "12",
                                "--scrape.min-interval",
                                "0",
                                "--trend.slot",
                                "2s",
                                "--trend.interval",
                                "5s",
                                "--trend.state-file",
                                "/var/lib/trends",
                                "--evidence.group",
                                "shop/api/app",
                                "--evidence.group",
                                "java:Main",
                                "--evidence.budget",
                                "200ms",
                                "--log.level",
                                "debug",
                                "--log.format",
                                "json"});
  Options expected;
  expected.web = {
      {"127.0.0.1:9000", "[::1]:9000"}, {"127.0.0.1:9001"}, "/m/all", false, 7, "/etc/web.yml"};
  expected.path = {"/host/proc", "/host/sys", "/host"};
  expected.node_name = "worker-a17";
  expected.collector = {true, {{"process", false}, {"process_vm", true}}};
  expected.process = {Options::Processes::Source::kProcfs, 1572864, milliseconds(90'000), 0};
  expected.group = {100'000, {{"api", "java .*api\\.jar"}, {"w-\\1", "worker=(\\w+)"}}};
  expected.cgroup = {12};
  expected.scrape = {milliseconds(0)};
  expected.trend = {milliseconds(2'000), milliseconds(5'000), "/var/lib/trends"};
  expected.evidence = {{"shop/api/app", "java:Main"}, milliseconds(200)};
  expected.log = {LogLevel::kDebug, LogFormat::kJson};
  CHECK(spaced == expected);

  const Options joined = Flags({"--web.listen-address=127.0.0.1:9000",
                                "--web.listen-address=[::1]:9000",
                                "--web.health-address=127.0.0.1:9001",
                                "--web.telemetry-path=/m/all",
                                "--no-web.ui",
                                "--web.max-requests=7",
                                "--web.config.file=/etc/web.yml",
                                "--path.procfs=/host/proc",
                                "--path.sysfs=/host/sys",
                                "--path.rootfs=/host",
                                "--node.name=worker-a17",
                                "--no-collector.process",
                                "--collector.process_vm",
                                "--collector.disable-defaults",
                                "--process.source=procfs",
                                "--process.min-rss=1.5MiB",
                                "--process.min-age=1m30s",
                                "--process.limit=0",
                                "--group.limit=100000",
                                "--group.rule=api=java .*api\\.jar",
                                "--group.rule=w-\\1=worker=(\\w+)",
                                "--cgroup.limit=12",
                                "--scrape.min-interval=0",
                                "--trend.slot=2s",
                                "--trend.interval=5s",
                                "--trend.state-file=/var/lib/trends",
                                "--evidence.group=shop/api/app",
                                "--evidence.group=java:Main",
                                "--evidence.budget=200ms",
                                "--log.level=debug",
                                "--log.format=json",
                                "serve"});
  CHECK(joined == expected);
}

TEST_CASE("the default that help names is the one that holds") {
  for (const Flag& flag : FlagTable(kCollectors)) {
    if (flag.default_value.empty() || flag.name.starts_with("collector.")) continue;
    INFO(flag.name);
    Options options;
    if (flag.clear) flag.clear(options);
    flag.set(flag.default_value, options);
    CHECK(options == Options{});
  }
}

TEST_CASE("actions are told apart, and nothing is read or checked for them") {
  using Action = CommandLine::Action;
  CHECK(Parse({"--help"}).action == Action::kHelp);
  CHECK(Parse({"--version"}).action == Action::kVersion);
  CHECK(Parse({"--list-collectors"}).action == Action::kListCollectors);
  CHECK(Parse({"serve", "--help", "--version"}).action == Action::kHelp);
  CHECK(Parse({"--config.file=/nonexistent", "--process.min-rss=x", "--help"}).action ==
        Action::kHelp);
}

TEST_CASE("an unknown flag is named as it was typed") {
  CHECK(FlagError({"--foo"}) == "--foo: unknown flag; --help lists the flags");
  CHECK(FlagError({"--foo=bar"}) == "--foo: unknown flag; --help lists the flags");
  CHECK(FlagError({"--foo", "bar"}) == "--foo: unknown flag; --help lists the flags");
  CHECK(FlagError({"-h"}) == "-h: unknown flag; --help lists the flags");
  CHECK(FlagError({"-web.ui"}) == "-web.ui: unknown flag; --help lists the flags");
  CHECK(FlagError({"---"}) == "---: unknown flag; --help lists the flags");
  CHECK(FlagError({"--=x"}) == "--=x: unknown flag; --help lists the flags");
  CHECK(FlagError({"--=serve"}) == "--=serve: unknown flag; --help lists the flags");
  CHECK(FlagError({"--WEB.UI"}) == "--WEB.UI: unknown flag; --help lists the flags");
  CHECK(FlagError({"--no-web.max-requests"}) ==
        "--no-web.max-requests: unknown flag; --help lists the flags");
  CHECK(FlagError({"--a\nb\x1b"}) == "--a\\nb\\x1b: unknown flag; --help lists the flags");
  CHECK(FlagError({("--" + std::string(9'000, 'a')).c_str()}) ==
        "--" + std::string(118, 'a') + "...: unknown flag; --help lists the flags");
}

TEST_CASE("an abbreviated flag is refused with the flag in full") {
  CHECK(FlagError({"--web.listen", ":1"}) ==
        "--web.listen: unknown flag; write --web.listen-address in full");
  CHECK(FlagError({"--web.listen=:1"}) ==
        "--web.listen: unknown flag; write --web.listen-address in full");
  CHECK(FlagError({"--no-web.u"}) == "--no-web.u: unknown flag; write --no-web.ui in full");
  CHECK(FlagError({"--vers"}) == "--vers: unknown flag; write --version in full");
  CHECK(FlagError({"--web"}) == "--web: unknown flag; --help lists the flags");
}

TEST_CASE("an unknown collector is refused with how to find the known ones") {
  CHECK(FlagError({"--collector.foo"}) ==
        "--collector.foo: unknown flag; --list-collectors names the collectors");
  CHECK(FlagError({"--no-collector.foo"}) ==
        "--no-collector.foo: unknown flag; --list-collectors names the collectors");
  CHECK(FlagError({"--no-collector.disable-defaults"}) ==
        "--no-collector.disable-defaults: unknown flag; --list-collectors names the collectors");
}

TEST_CASE("a word that is no command is refused") {
  const std::string tail =
      "; the commands are serve, analyze, top and health, as the first word, and everything else "
      "is "
      "a flag (see --help)";
  CHECK(FlagError({"bottom"}) == "unexpected argument \"bottom\"" + tail);
  CHECK(FlagError({""}) == "unexpected argument \"\"" + tail);
  CHECK(FlagError({"serve", "serve"}) == "unexpected argument \"serve\"" + tail);
  CHECK(FlagError({"serve", "now"}) == "unexpected argument \"now\"" + tail);
  CHECK(FlagError({"serve", "analyze"}) == "unexpected argument \"analyze\"" + tail);
  CHECK(FlagError({"--no-web.ui", "analyze"}) == "unexpected argument \"analyze\"" + tail);
  CHECK(FlagError({"--web.ui", "false"}) == "unexpected argument \"false\"" + tail);
  CHECK(FlagError({"--", "x\ny"}) == "unexpected argument \"x\\ny\"" + tail);
}

TEST_CASE("a flag that takes no value refuses one") {
  CHECK(FlagError({"--web.ui=false"}) == "--web.ui: takes no value; use --web.ui or --no-web.ui");
  CHECK(FlagError({"--no-web.ui=true"}) ==
        "--no-web.ui: takes no value; use --web.ui or --no-web.ui");
  CHECK(FlagError({"--collector.disable-defaults=true"}) ==
        "--collector.disable-defaults: takes no value; use it alone");
  CHECK(FlagError({"--help=me"}) == "--help: takes no value; use it alone");
}

TEST_CASE("a flag that takes a value needs one") {
  const std::string expected = "--process.min-rss: needs a value; use --process.min-rss=16MiB";
  CHECK(FlagError({"--process.min-rss"}) == expected);
  CHECK(FlagError({"--process.min-rss="}) == expected);
  CHECK(FlagError({"--process.min-rss", "--web.ui"}) == expected);
  CHECK(FlagError({"--process.min-rss", "--"}) == expected);
  CHECK(FlagError({"--group.rule"}) == "--group.rule: needs a value; use --group.rule=NAME=REGEX");
  CHECK(FlagError({"--config.file="}) == "--config.file: needs a value; use --config.file=FILE");
  CHECK(FlagError({"--config.file", ""}) ==
        "--config.file: \"\" is not a path; use the name of a file or folder");
}

TEST_CASE("a flag that is not repeatable is given once") {
  CHECK(FlagError({"--process.limit=1", "--process.limit=1"}) ==
        "--process.limit: given twice; give it once");
  CHECK(FlagError({"--web.ui", "--web.ui"}) == "--web.ui: given twice; give it once");
  CHECK(FlagError({"--help", "--help"}) == "--help: given twice; give it once");
  CHECK(FlagError({"--config.file=a", "--config.file=b"}) ==
        "--config.file: given twice; give it once");
}

TEST_CASE("a switch given both ways is refused") {
  CHECK(FlagError({"--web.ui", "--no-web.ui"}) ==
        "--no-web.ui: contradicts --web.ui; give one of the two");
  CHECK(FlagError({"--no-collector.process", "--collector.process"}) ==
        "--collector.process: contradicts --no-collector.process; give one of the two");
}

TEST_CASE("an address to listen on is a host, a bracketed IPv6 address or nothing, and a port") {
  for (const char* address :
       {":0", ":10078", ":65535", "localhost:80", "0.0.0.0:1", "a-b.example_1.org:443", "[::]:1",
        "[::1]:1", "[2001:db8::7]:1", "[::ffff:10.0.0.1]:1"}) {
    INFO(address);
    CHECK(Flags({"--web.listen-address", address}).web.listen_addresses ==
          std::vector<std::string>{address});
  }
  for (const char* address : {"",
                              "10078",
                              "localhost",
                              ":",
                              "localhost:",
                              ":65536",
                              ":99999999999",
                              ":-1",
                              ":+1",
                              ":1x",
                              ": 1",
                              "::1:80",
                              "[::1]",
                              "[::1",
                              "::1]:80",
                              "[]:80",
                              "[:80",
                              "[10.0.0.1]:80",
                              "[::1%lo]:80",
                              "10.0.0.256:80",
                              "10.0.0:80",
                              "a b:80",
                              "http://localhost:80",
                              "a/b:80",
                              "user@host:80",
                              "a,b:80"}) {
    INFO(address);
    CHECK(FlagError({"--web.listen-address", address}) ==
          "--web.listen-address: \"" + std::string(address) +
              "\" is not an address to listen on; use host:port, [v6]:port or :port, with a port "
              "from 0 to 65535");
  }
}

TEST_CASE("the telemetry path is a plain path that nothing else is served under") {
  for (const char* path : {"/metrics", "/m", "/a/b-c_d.e~f", "/-/metrics"}) {
    INFO(path);
    CHECK(Flags({"--web.telemetry-path", path}).web.telemetry_path == path);
  }
  for (const char* path : {"/", "/-/healthy", "/-/ready"}) {
    INFO(path);
    CHECK(FlagError({"--web.telemetry-path", path}) ==
          "--web.telemetry-path: \"" + std::string(path) +
              "\" is taken; use a path other than /, /-/healthy and /-/ready");
  }
  for (const char* path : {"metrics", "", "/metrics?x=1", "/met rics", "/metrics/", "//", "/a//b",
                           "/./a", "/a/..", "/a%20b", "/a#b", "/a*", "/größe"}) {
    INFO(path);
    CHECK(FlagError({"--web.telemetry-path", path}) ==
          "--web.telemetry-path: \"" + std::string(path) +
              "\" is not a path to serve; use one like /metrics, of letters, digits and . _ ~ - "
              "between single slashes");
  }
}

TEST_CASE("numbers are whole and within their bounds") {
  CHECK(Flags({"--web.max-requests=1"}).web.max_requests == 1);
  CHECK(Flags({"--web.max-requests=1000"}).web.max_requests == 1000);
  for (const char* number :
       {"0", "1001", "-1", "+5", "4.0", "4x", " 4", "0x4", "forty", "99999999999"}) {
    INFO(number);
    CHECK(FlagError({"--web.max-requests", number}) ==
          "--web.max-requests: \"" + std::string(number) +
              "\" is not accepted; use a whole number from 1 to 1000");
  }
  CHECK(FlagError({"--process.limit=100001"}) ==
        "--process.limit: \"100001\" is not accepted; use a whole number from 0 to 100000");
  CHECK(FlagError({"--group.limit=-1"}) ==
        "--group.limit: \"-1\" is not accepted; use a whole number from 0 to 100000");
}

TEST_CASE("a choice is one of the words that the error lists") {
  using Source = Options::Processes::Source;
  for (const auto& [text, source] : std::vector<std::pair<const char*, Source>>{
           {"auto", Source::kAuto}, {"procfs", Source::kProcfs}, {"bpf", Source::kBpf}}) {
    CHECK(Flags({"--process.source", text}).process.source == source);
  }
  CHECK(FlagError({"--process.source=proc"}) ==
        "--process.source: \"proc\" is not accepted; use auto, procfs or bpf");
  for (const auto& [text, level] :
       std::vector<std::pair<const char*, LogLevel>>{{"debug", LogLevel::kDebug},
                                                     {"info", LogLevel::kInfo},
                                                     {"warn", LogLevel::kWarn},
                                                     {"error", LogLevel::kError}}) {
    CHECK(Flags({"--log.level", text}).log.level == level);
  }
  CHECK(FlagError({"--log.level=INFO"}) ==
        "--log.level: \"INFO\" is not accepted; use debug, info, warn or error");
  CHECK(Flags({"--log.format=logfmt"}).log.format == LogFormat::kLogfmt);
  CHECK(FlagError({"--log.format=xml"}) ==
        "--log.format: \"xml\" is not accepted; use logfmt or json");
}

TEST_CASE("help names each choice that a flag takes") {
  AnalyzeOptions analyze;
  TopOptions top;
  size_t with_choices = 0;
  for (const auto& table :
       {FlagTable(kCollectors), AnalyzeFlagTable(analyze), TopFlagTable(top, kCollectors)}) {
    for (const Flag& flag : table) {
      INFO(flag.name);
      if (!flag.choices.empty()) ++with_choices;
      for (const std::string_view choice : flag.choices) {
        CHECK(flag.help.find(choice) != std::string::npos);
        Options options;
        CHECK_NOTHROW(flag.set(choice, options));
      }
    }
  }
  CHECK(with_choices == 7);
}

TEST_CASE("sizes and durations name their flag when they are wrong") {
  CHECK(FlagError({"--process.min-rss=12XB"}) ==
        "--process.min-rss: \"12XB\" is not a size; use a number with KiB, MiB, GiB, kB, MB or GB");
  CHECK(FlagError({"--process.min-rss", "-5MiB"}).find("--process.min-rss: \"-5MiB\" is not") == 0);
  CHECK(FlagError({"--process.min-age=30"}).find("--process.min-age: \"30\" is not a dur") == 0);
  CHECK(FlagError({"--scrape.min-interval=-1s"}).find("--scrape.min-interval: \"-1s\"") == 0);
  CHECK(FlagError({"--trend.interval=x"}).find("--trend.interval: \"x\"") == 0);
}

TEST_CASE("evidence takes some time, and of groups that have a name") {
  CHECK(FlagError({"--evidence.budget=0s"}) ==
        "--evidence.budget: 0 is no time at all; use 1ms or more, like 500ms");
  CHECK(FlagError({"--evidence.group="}) ==
        "--evidence.group: needs a value; use --evidence.group=GROUP");
}

TEST_CASE("the trend interval is longer than nothing") {
  CHECK(Flags({"--trend.interval=1ms"}).trend.interval == milliseconds(1));
  for (const char* zero : {"--trend.interval=0", "--trend.interval=0s"}) {
    CHECK(FlagError({zero}) ==
          "--trend.interval: 0 is too short an interval; use 1ms or more, like 15s");
  }
}

TEST_CASE("the trend slot is ten milliseconds or more") {
  CHECK(Flags({}).trend.slot == milliseconds(60'000));
  CHECK(Flags({"--trend.slot=10ms"}).trend.slot == milliseconds(10));
  for (const char* text : {"0", "0s", "9ms"}) {
    INFO(text);
    CHECK(FlagError({"--trend.slot", text}) ==
          "--trend.slot: \"" + std::string(text) + "\" is too short a slot; use 10ms or more");
  }
  CHECK(FlagError({"--trend.slot=60"}).find("--trend.slot: \"60\" is not a duration") == 0);
}

TEST_CASE("the trend interval is a quarter of the slot unless it is given") {
  CHECK(Flags({}).trend.interval == milliseconds(15'000));
  CHECK(Flags({"--trend.slot=1s"}).trend.interval == milliseconds(250));
  CHECK(Flags({"--trend.slot=10ms"}).trend.interval == milliseconds(2));
  CHECK(Flags({"--trend.slot=4h"}).trend.interval == milliseconds(3'600'000));
  CHECK(Flags({"--trend.slot=1s", "--trend.interval=15s"}).trend.interval == milliseconds(15'000));
  CHECK(Flags({"--trend.interval=7s", "--trend.slot=1s"}).trend.interval == milliseconds(7'000));
}

TEST_CASE("a snapshot is never served for longer than the trend interval") {
  CHECK(Flags({"--trend.interval=200ms"}).scrape.min_interval == milliseconds(200));
  CHECK(Flags({"--trend.slot=1s"}).scrape.min_interval == milliseconds(250));
  CHECK(Flags({"--scrape.min-interval=1m"}).scrape.min_interval == milliseconds(15'000));
  CHECK(Flags({"--scrape.min-interval=2s"}).scrape.min_interval == milliseconds(2'000));
}

TEST_CASE("paths are not empty") {
  CHECK(FlagError({"--path.procfs", ""}) ==
        "--path.procfs: \"\" is not a path; use the name of a file or folder");
  CHECK(FlagError({"--trend.state-file", ""}) ==
        "--trend.state-file: \"\" is not a path; use the name of a file or folder");
  CHECK(FlagError({"--path.rootfs", ""}) ==
        "--path.rootfs: \"\" is not a path; use the name of a file or folder");
}

TEST_CASE("a group rule is split at its first equals sign") {
  const std::vector<GroupRule> rules = Flags({"--group.rule=a=b=c"}).group.rules;
  REQUIRE(rules.size() == 1);
  CHECK(rules[0] == GroupRule{"a", "b=c"});
}

TEST_CASE("a group rule takes \\1 to \\9 for the groups that its regex has") {
  CHECK(Flags({"--group.rule=\\1-\\2=(a)(b)"}).group.rules[0].name == "\\1-\\2");
  CHECK(Flags({"--group.rule=a\\\\b=x"}).group.rules[0].name == "a\\\\b");
  const std::string tail =
      " has a bad name; use \\1 to \\9 for capture groups that the regex has (";
  CHECK(FlagError({"--group.rule=\\3=(a)(b)"}) ==
        "--group.rule: \"\\3=(a)(b)\"" + tail + "2), and \\\\ for a backslash");
  CHECK(FlagError({"--group.rule=\\1=(?:a)"}) ==
        "--group.rule: \"\\1=(?:a)\"" + tail + "0), and \\\\ for a backslash");
  CHECK(FlagError({"--group.rule=a\\=a"}) ==
        "--group.rule: \"a\\=a\"" + tail + "0), and \\\\ for a backslash");
  CHECK(FlagError({"--group.rule=a\\b=a"}) ==
        "--group.rule: \"a\\b=a\"" + tail + "0), and \\\\ for a backslash");
  CHECK(FlagError({"--group.rule=\\0=a"}) ==
        "--group.rule: \"\\0=a\" has \\0 in its name; use \\1 to \\9 for the capture groups");
}

TEST_CASE("a group rule needs a name and a regex") {
  for (const char* rule : {"", "=", "api", "=regex", "api="}) {
    INFO(rule);
    CHECK(FlagError({"--group.rule", rule}) ==
          "--group.rule: \"" + std::string(rule) +
              "\" is not a rule; use NAME=REGEX, both not empty");
  }
}

TEST_CASE("a bad regex is refused with the reason") {
  CHECK(FlagError({"--group.rule=a=(b"}) ==
        "--group.rule: \"a=(b\" has a bad regex (missing ): (b); use RE2 syntax");
  CHECK(FlagError({"--group.rule=a=b{99999}"}).find("has a bad regex (") != std::string::npos);
  CHECK(FlagError({"--group.rule=a=(?=b)"}).find("has a bad regex (") != std::string::npos);
  CHECK(FlagError({"--group.rule=a=\xff"}).find("has a bad regex (") != std::string::npos);
  CHECK(FlagError({"--group.rule=a=(\n"}).find('\n') == std::string::npos);
  // What would take more memory than RE2 allows itself.
  CHECK(FlagError({"--group.rule=a=((a{100}){100}){100}"}).find("has a bad regex (") !=
        std::string::npos);
}

TEST_CASE("the exporter's own group names cannot be claimed by a rule") {
  for (const char* rule : {"(other)=x", "(kernel)=x", "(\\1)=(x)", "(kernel)\\1=(x?)",
                           "\\1(other)=(x?)", "(ker\\1el)=(x)", "()=x"}) {
    INFO(rule);
    CHECK(FlagError({"--group.rule", rule}) == "--group.rule: \"" + std::string(rule) +
                                                   "\" has a reserved name; use one that is not in "
                                                   "parentheses, like (other) and (kernel)");
  }
  CHECK(Flags({"--group.rule=api (old)=x"}).group.rules[0].name == "api (old)");
}

TEST_CASE("a group's name can be shown") {
  const std::string longest(128, 'a');
  CHECK(Flags({("--group.rule=" + longest + "=x").c_str()}).group.rules[0].name == longest);
  CHECK(Flags({"--group.rule=größe=x"}).group.rules[0].name == "größe");
  const std::string tail = "\" has a bad name; use at most 128 bytes of printable UTF-8";
  CHECK(FlagError({"--group.rule=a\nb=x"}) == "--group.rule: \"a\\nb=x" + tail);
  CHECK(FlagError({"--group.rule=\xff=x"}) == "--group.rule: \"\\xff=x" + tail);
  CHECK(FlagError({("--group.rule=" + longest + "b=x").c_str()}) ==
        "--group.rule: \"" + longest.substr(0, 120) + "..." + tail);
}

TEST_CASE("help fits a terminal and names every flag with its default") {
  const std::string help = HelpText(kCollectors);
  std::string line;
  for (const char c : help) {
    if (c != '\n') {
      line += c;
      continue;
    }
    INFO(line);
    CHECK(line.size() <= 100);
    CHECK(!line.ends_with(' '));
    line.clear();
  }
  CHECK(line.empty());
  for (const Flag& flag : FlagTable(kCollectors)) {
    INFO(flag.name);
    const std::string dashes = flag.kind == Flag::Kind::kSwitch ? "--[no-]" : "--";
    CHECK(help.find("\n  " + dashes + flag.name) != std::string::npos);
    CHECK(!flag.help.empty());
  }
  CHECK(help.find("memleak_exporter finds memory and file-descriptor leaks") == 0);
  CHECK(help.find("(default 16MiB)\n") != std::string::npos);
  CHECK(help.find("single processes (default on)\n") != std::string::npos);
  CHECK(help.find("status (default off)\n") != std::string::npos);
}

TEST_CASE("help breaks long descriptions between words") {
  const std::string words =
      "many words that go on and on and on and on and on and on and on and on";
  const std::string name(60, 'n');
  const std::array<CollectorFlag, 1> collectors{{{name, words, true}}};
  const std::string help = HelpText(collectors);
  const std::string indent(37, ' ');
  CHECK(help.find("  --[no-]collector." + name + '\n' + indent +
                  "many words that go on and on and on and on and on and on and on\n" + indent +
                  "and on (default on)\n") != std::string::npos);
}

}  // namespace
}  // namespace memleak
