#include "exporter/config/config_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/config/support.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

// A file that is gone after the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    const int fd = mkstemp(path_.data());
    if (fd < 0) throw std::runtime_error("mkstemp");
    close(fd);
    std::ofstream(path_, std::ios::binary) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile(TemporaryFile&&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() { unlink(path_.c_str()); }

  const std::string& Path() const { return path_; }
  std::string Flag() const { return "--config.file=" + path_; }

 private:
  std::string path_ = "/tmp/memleak_config_test.XXXXXX";
};

std::string StartupMessage(const std::string& path) {
  return MessageOf<StartupError>([&] { Parse({"--config.file", path.c_str()}); });
}

TEST_CASE("a file that says nothing changes nothing") {
  for (const char* text :
       {"", "\n", "# a comment\n", "---\n", "~", "{}", "web:\n", "web: {}\n",
        "web:\n  # ui: false\ngroup:\n", "\xEF\xBB\xBF# with a byte order mark\n"}) {
    INFO(text);
    CHECK(Config(text) == Options{});
  }
}

TEST_CASE("every key of the file sets its option") {
  const Options options = Config(R"(
web:
  listen-address: ["127.0.0.1:9000", "[::1]:9000"]
  health-address: 127.0.0.1:9001
  telemetry-path: /m/all
  ui: false
  max-requests: 7
  config: {file: /etc/web.yml}
path: {procfs: /host/proc, sysfs: /host/sys, rootfs: /host}
node: {name: worker-a17}
collector:
  process: false
  process_vm: true
  disable-defaults: true
process:
  source: procfs
  min-rss: 1.5MiB
  min-age: 1m30s
  limit: 0
group:
  limit: 100000
  rules:
    - {name: api, match: "java .*api\\.jar"}
    - name: w-\1
      match: 'worker=(\w+)'
cgroup: {limit: 12}
scrape: {min-interval: 0}
trend: {slot: 2s, interval: 5s, state-file: /var/lib/trends}
evidence:
  group: [shop/api/app, "java:Main"]
  budget: 200ms
log:
  level: debug
  format: json
)");
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
  CHECK(options == expected);
}

TEST_CASE("every flag that configures has a key in the file") {
  for (const Flag& flag : FlagTable(kCollectors)) {
    INFO(flag.name);
    const bool configures = flag.kind != Flag::Kind::kAction && flag.name != "config.file";
    CHECK(flag.file_key == (!configures                 ? ""
                            : flag.name == "group.rule" ? "group.rules"
                                                        : flag.name));
  }
}

TEST_CASE("one element stands for a list of one") {
  CHECK(Config("web: {listen-address: :1}").web.listen_addresses == std::vector<std::string>{":1"});
  CHECK(Config("web: {listen-address: [:1]}").web.listen_addresses ==
        std::vector<std::string>{":1"});
  CHECK(Config("group: {rules: {name: a, match: b}}").group.rules ==
        std::vector<GroupRule>{{"a", "b"}});
  CHECK(Config("group: {rules: []}").group.rules.empty());
}

TEST_CASE("an unknown key is refused with the keys that are accepted there") {
  CHECK(ConfigError("\nwebb: {ui: false}\n") ==
        "test.yaml:2: unknown key \"webb\"; accepted here: cgroup, collector, evidence, group, "
        "log, node, path, "
        "process, "
        "scrape, trend, web");
  CHECK(ConfigError("web:\n  ui: false\n  port: 1\n") ==
        "test.yaml:3: unknown key \"web.port\"; accepted here: config, health-address, "
        "listen-address, max-requests, telemetry-path, ui");
  CHECK(ConfigError("collector: {cpu: true}") ==
        "test.yaml:1: unknown key \"collector.cpu\"; accepted here: disable-defaults, process, "
        "process_vm");
  CHECK(ConfigError("group: {rule: a=b}") ==
        "test.yaml:1: unknown key \"group.rule\"; accepted here: limit, rules");
  for (const char* text : {"web.ui: false", "web: {ui.x: 1}", "config: {file: x}", "help: true",
                           "version: true", "web: {no-ui: true}", "<<: {a: b}", "\"\": x", "we: x",
                           "web: {\"\": x}", "\"web.\": {ui: false}"}) {
    INFO(text);
    CHECK(ConfigError(text).find("test.yaml:1: unknown key \"") == 0);
  }
}

TEST_CASE("a group of evidence has a name") {
  CHECK(ConfigError("evidence: {group: ['']}\n") ==
        "test.yaml:1: evidence.group: an empty text names no group; use a group label's value");
}

TEST_CASE("a value of the wrong type is refused") {
  CHECK(ConfigError("- a\n- b\n") ==
        "test.yaml:1: the file needs names and values; accepted: cgroup, collector, evidence, "
        "group, log, "
        "node, path, "
        "process, scrape, trend, web");
  CHECK(ConfigError("just words").find("test.yaml:1: the file needs names and values") == 0);
  CHECK(ConfigError("log: debug") ==
        "test.yaml:1: log needs names and values; accepted: format, level");
  CHECK(ConfigError("log: [debug]") ==
        "test.yaml:1: log needs names and values; accepted: format, level");
  CHECK(ConfigError("web:\n  ui: {on: true}") ==
        "test.yaml:2: web.ui has names where one plain value is accepted");
  CHECK(ConfigError("web:\n  ui:\n  - true") ==
        "test.yaml:3: web.ui has a list where one plain value is accepted");
  CHECK(ConfigError("web:\n  ui:\n") ==
        "test.yaml:2: web.ui has no value; give it one, or leave the key out");
  CHECK(ConfigError("web: {listen-address: }") ==
        "test.yaml:1: web.listen-address has no value; give it one, or leave the key out");
  CHECK(ConfigError("web: {listen-address: {a: b}}") ==
        "test.yaml:1: web.listen-address has names where one plain value is accepted");
  CHECK(ConfigError("web: {listen-address: [[:1]]}") ==
        "test.yaml:1: web.listen-address has a list where one plain value is accepted");
  CHECK(ConfigError("web:\n  listen-address: []") ==
        "test.yaml:2: web.listen-address is an empty list; give it at least one HOST:PORT");
  CHECK(ConfigError("[web]: 1").find("test.yaml:1: a key must be a name; accepted here: ") == 0);
  CHECK(ConfigError("~: 1").find("test.yaml:1: a key must be a name; accepted here: ") == 0);
}

TEST_CASE("a bad value is refused with its line and key") {
  CHECK(ConfigError("process:\n  limit: 1\n  min-rss: 12XB\n") ==
        "test.yaml:3: process.min-rss: \"12XB\" is not a size; use a number with KiB, MiB, GiB, "
        "kB, MB or GB");
  CHECK(ConfigError("web: {ui: no}") ==
        "test.yaml:1: web.ui: \"no\" is not accepted; use false or true");
  CHECK(ConfigError("collector: {disable-defaults: 1}") ==
        "test.yaml:1: collector.disable-defaults: \"1\" is not accepted; use false or true");
  CHECK(ConfigError("process: {min-age: 30}").find("test.yaml:1: process.min-age: \"30\" is") == 0);
  CHECK(ConfigError("web:\n  listen-address:\n  - :1\n  - 2\n")
            .find("test.yaml:4: web.listen-address: \"2\" is not an address") == 0);
  CHECK(ConfigError("web: {listen-address: \"[::1\\0]:1\"}")
            .find("test.yaml:1: web.listen-address: \"[::1\\x00]:1\" is not an address") == 0);
  CHECK(ConfigError("path: {procfs: \"/proc\\0\"}")
            .find("test.yaml:1: path.procfs: \"/proc\\x00\" is not a path") == 0);
  CHECK(ConfigError("trend: {interval: 0}").find("test.yaml:1: trend.interval: 0 is too") == 0);
  CHECK(ConfigError("web: {telemetry-path: \"\"}").find("test.yaml:1: web.telemetry-path: ") == 0);
}

TEST_CASE("a bad group rule is refused with its line") {
  CHECK(ConfigError("group:\n  rules:\n  - {name: a, match: b}\n  - {name: c, match: '(d'}\n") ==
        "test.yaml:4: group.rules: \"c=(d\" has a bad regex (missing ): (d); use RE2 syntax");
  CHECK(ConfigError("group: {rules: [a=b]}") ==
        "test.yaml:1: group.rules needs rules like {name: NAME, match: REGEX}");
  CHECK(ConfigError("group: {rules: a=b}") ==
        "test.yaml:1: group.rules needs rules like {name: NAME, match: REGEX}");
  CHECK(ConfigError("group:\n  rules:") ==
        "test.yaml:2: group.rules needs rules like {name: NAME, match: REGEX}");
  for (const char* rule : {"{name: a}", "{match: a}", "{}", "{name: '', match: a}"}) {
    INFO(rule);
    CHECK(ConfigError("group: {rules: [" + std::string(rule) + "]}") ==
          "test.yaml:1: group.rules has a rule without name or match; write it as {name: NAME, "
          "match: REGEX}");
  }
  CHECK(ConfigError("group: {rules: [{name: a, regex: b}]}") ==
        "test.yaml:1: unknown key \"regex\" in group.rules; accepted here: name, match");
  CHECK(ConfigError("group: {rules: [{name: a, name: b}]}") ==
        "test.yaml:1: the key \"name\" is given twice; give it once");
  CHECK(ConfigError("group: {rules: [{name: [a], match: b}]}") ==
        "test.yaml:1: group.rules: name has a list where one plain value is accepted");
  CHECK(ConfigError("group: {rules: [{name: a=b, match: c}]}") ==
        "test.yaml:1: group.rules: the name \"a=b\" holds =; use one without it");
  CHECK(ConfigError("group: {rules: [{name: (other), match: c}]}").find("reserved name") !=
        std::string::npos);
}

TEST_CASE("a key that is given twice is refused") {
  CHECK(ConfigError("web: {ui: false}\nlog: {}\nweb: {ui: true}\n") ==
        "test.yaml:3: the key \"web\" is given twice; give it once");
  CHECK(ConfigError("web:\n  ui: false\n  ui: false\n") ==
        "test.yaml:3: the key \"ui\" is given twice; give it once");
}

TEST_CASE("only one YAML document is accepted") {
  CHECK(ConfigError("web: {ui: false}\n---\nweb: {ui: true}\n")
            .find("test.yaml:2: a second YAML document begins") == 0);
  CHECK(ConfigError("web: {ui: false}\n---\n").find(": a second YAML document begins") !=
        std::string::npos);
  CHECK(!Config("---\nweb: {ui: false}\n...\n").web.ui);
}

TEST_CASE("what is no YAML is refused with its line") {
  CHECK(ConfigError("web:\n  ui: [false\n") ==
        "test.yaml:3: not YAML: end of sequence flow not found; use names and values like web: "
        "{max-requests: 40}");
  for (const char* text : {"web: {ui: false", "web: \"ui", "a: b: c", "a: @x", "web: {ui: false}}",
                           R"(a: "\q")", "%YAML 3.0\n---\na: 1", "a: *nope", "]", "? ? :"}) {
    INFO(text);
    CHECK(ConfigError(text).find("test.yaml:") == 0);
  }
}

TEST_CASE("indentation with a tab is refused by its name") {
  CHECK(ConfigError("web:\n\tui: false\n") == "test.yaml:2: indented with a tab; use spaces");
  CHECK(ConfigError("web:\n  max-requests: 1\n\tui: false\n") ==
        "test.yaml:3: indented with a tab; use spaces");
  CHECK(ConfigError("\tweb: {ui: false}\n") == "test.yaml:1: indented with a tab; use spaces");
}

TEST_CASE("YAML that does more than name values is refused") {
  CHECK(ConfigError("web: &w {ui: false}\nlog: *w\n") ==
        "test.yaml:2: YAML aliases (*name) are not accepted; write the value out");
  CHECK(ConfigError("web: {ui: !!bool false}") ==
        "test.yaml:1: the YAML tag \"tag:yaml.org,2002:bool\" is not accepted; write the value "
        "without it");
  CHECK(ConfigError("web: !x {ui: false}").find("test.yaml:1: the YAML tag \"!x\"") == 0);
  CHECK(ConfigError("web: {listen-address: !x [:1]}").find("test.yaml:1: the YAML tag") == 0);
}

TEST_CASE("deep nesting is refused before it costs a stack") {
  const size_t depth = 200'000;
  std::string steps;
  for (size_t i = 0; i < 1'000; ++i) steps += std::string(i, ' ') + "a:\n";
  std::string dashes;
  for (size_t i = 0; i < depth; ++i) dashes += "- ";
  std::string questions;
  for (size_t i = 0; i < depth; ++i) questions += "? ";
  for (const std::string& text : {std::string(depth, '['), std::string(depth, '{'), steps, dashes,
                                  questions, "web: " + std::string(depth, '[')}) {
    const std::string message = ConfigError(text);
    INFO(message);
    CHECK(message.find("nested too deeply for any flag") != std::string::npos);
  }
}

TEST_CASE("aliases that multiply are refused at the first") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    const std::string before = std::string("*") + static_cast<char>(c - 1);
    bomb.append({c, ':', ' ', '&', c, ' '}).append("[" + before).append("," + before).append("]\n");
  }
  CHECK(ConfigError(bomb).find("test.yaml:2: YAML aliases") == 0);
}

TEST_CASE("a message stays on one line whatever the file and its name hold") {
  Options options;
  const std::string message = MessageOf<UsageError>(
      [&] { ApplyConfigText("a\nb.yaml", R"("x\ny\e[31m": 1)", FlagTable(kCollectors), options); });
  CHECK(message.find("a\\nb.yaml:1: unknown key \"x\\ny\\x1b[31m\"; accepted here: ") == 0);
  CHECK(message.find('\n') == std::string::npos);
  CHECK(ConfigError('"' + std::string(500'000, 'k') + "\": 1").size() < 400);
}

TEST_CASE("a flag on the command line replaces what the file says, lists included") {
  const TemporaryFile file(R"(
web: {listen-address: [":1", ":2"], ui: true, max-requests: 5}
collector: {process: true, process_vm: true}
group: {rules: [{name: a, match: b}, {name: c, match: d}]}
)");
  const Options options = Flags({file.Flag().c_str(), "--web.listen-address=:3", "--no-web.ui",
                                 "--group.rule=e=f", "--group.rule=g=h", "--no-collector.process"});
  CHECK(options.web.listen_addresses == std::vector<std::string>{":3"});
  CHECK(!options.web.ui);
  CHECK(options.web.max_requests == 5);
  CHECK(options.group.rules == std::vector<GroupRule>{{"e", "f"}, {"g", "h"}});
  CHECK(options.collector.enabled ==
        std::map<std::string, bool>{{"process", false}, {"process_vm", true}});
  CHECK(options.config_file == file.Path());
}

TEST_CASE("what the file says holds where no flag is given") {
  const TemporaryFile file("trend: {interval: 100ms}\nweb: {listen-address: :7}\n");
  const Options options = Flags({"--config.file", file.Path().c_str()});
  CHECK(options.web.listen_addresses == std::vector<std::string>{":7"});
  CHECK(options.trend.interval == milliseconds(100));
  CHECK(options.scrape.min_interval == milliseconds(100));
}

TEST_CASE("the slot of the file sets the interval of the trends too") {
  const TemporaryFile file("trend: {slot: 1s}\n");
  CHECK(Flags({"--config.file", file.Path().c_str()}).trend.interval == milliseconds(250));
  CHECK(Flags({"--config.file", file.Path().c_str(), "--trend.slot=2s"}).trend.interval ==
        milliseconds(500));
  CHECK(ConfigError("trend: {slot: 9ms}").find("test.yaml:1: trend.slot: \"9ms\" is too") == 0);
}

TEST_CASE("an error in the file names the file, also where a flag replaces the value") {
  const TemporaryFile file("web: {max-requests: x}\n");
  CHECK(FlagError({file.Flag().c_str(), "--web.max-requests=3"}) ==
        file.Path() + ":1: web.max-requests: \"x\" is not accepted; use a whole number from 1 to " +
            "1000");
}

TEST_CASE("a file that cannot be read is a start-up error") {
  CHECK(StartupMessage("/nonexistent/x.yaml") ==
        "--config.file: cannot read \"/nonexistent/x.yaml\": No such file or directory");
  CHECK(StartupMessage("/tmp") == "--config.file: cannot read \"/tmp\": Is a directory");
  CHECK(StartupMessage("/etc/hostname/x") ==
        "--config.file: cannot read \"/etc/hostname/x\": Not a directory");
  const TemporaryFile file("web: {ui: false}\n");
  REQUIRE(chmod(file.Path().c_str(), 0) == 0);
  if (geteuid() != 0) {
    CHECK(StartupMessage(file.Path()) ==
          "--config.file: cannot read \"" + file.Path() + "\": Permission denied");
  }
}

TEST_CASE("a file over 1 MiB is refused, a file of 1 MiB is not") {
  std::string text = "web: {ui: false}\n#";
  text.resize(1 << 20, 'x');
  const TemporaryFile fits(text);
  CHECK(!Flags({fits.Flag().c_str()}).web.ui);
  const TemporaryFile large(text + 'x');
  CHECK(FlagError({large.Flag().c_str()}) ==
        large.Path() + ":1: the file is too large; use at most 1 MiB");
  CHECK(FlagError({"--config.file=/dev/zero"}) ==
        "/dev/zero:1: the file is too large; use at most 1 MiB");
}

}  // namespace
}  // namespace memleak
