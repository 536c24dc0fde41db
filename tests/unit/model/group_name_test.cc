#include "exporter/model/group_name.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using namespace std::string_view_literals;

using Rules = std::vector<GroupRules::Rule>;

const GroupRules kNoRules;

std::string Name(std::string_view exe, std::string_view cmdline, std::string_view comm,
                 const GroupRules& rules = kNoRules) {
  return NameGroup({exe, cmdline, false, comm}, rules).group;
}

}  // namespace

TEST_CASE(
    "a group is named after a rule, a script, the executable, argv[0] or comm, in this order") {
  const GroupRules rules(Rules{{"api", "worker\\.py"}});
  CHECK(Name("/usr/bin/python3.11", "python3\0worker.py\0"sv, "python3", rules) == "api");
  CHECK(Name("/usr/bin/python3.11", "python3\0worker.py\0"sv, "python3") == "python:worker.py");
  CHECK(Name("/usr/bin/python3.11", "python3\0-c\0code\0"sv, "python3") == "python3.11");
  CHECK(Name("", "/usr/bin/python3\0worker.py\0"sv, "python3") == "python:worker.py");
  CHECK(Name("/usr/sbin/prometheus-node-exporter", "x\0"sv, "prometheus-node") ==
        "prometheus-node-exporter");
  CHECK(Name("", "/usr/sbin/prometheus-node-exporter\0-x\0"sv, "prometheus-node") ==
        "prometheus-node-exporter");
  CHECK(Name("", ""sv, "prometheus-node") == "prometheus-node");
  CHECK(Name("", ""sv, "") == "unknown");
}

TEST_CASE("the executable counts, not what a program calls itself") {
  CHECK(Name("/usr/bin/miner", "/usr/sbin/nginx\0"sv, "nginx") == "miner");
  CHECK(Name("/usr/lib/postgresql/15/bin/postgres", "postgres: writer process   "sv, "postgres") ==
        "postgres");
  CHECK(Name("", "nginx: worker process"sv, "nginx") == "nginx");
}

TEST_CASE("an argument that is unsafe to show is not used") {
  CHECK(Name("", "--token=abc def\0"sv, "app") == "app");
  CHECK(Name("/usr/bin/python3.11", "python3\0pass word\0"sv, "python3") == "python3.11");
}

TEST_CASE("nobody can claim the names in parentheses") {
  CHECK(Name("/tmp/(other)", "x\0"sv, "x") == "other");
  CHECK(Name("/tmp/(kernel)", "x\0"sv, "x") == "kernel");
  CHECK(Name("", "", "(other)") == "other");
  CHECK(Name("", "", "(sd-pam)") == "(sd-pam)");
}

TEST_CASE("hostile names become valid UTF-8 of bounded length") {
  CHECK(Name("/tmp/\xff\xfe", "", "x") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(Name("/tmp/" + std::string(4000, 'n'), "", "x").size() == 128);
}

TEST_CASE("rules see the path, a space and the command line with spaces for NULs") {
  const GroupRules rules(Rules{{"whole", "^/usr/bin/java java -jar x\\.jar$"}});
  CHECK(Name("/usr/bin/java", "java\0-jar\0x.jar\0"sv, "java", rules) == "whole");
}

TEST_CASE("the first rule that matches wins, and captures fill its name") {
  const GroupRules rules(Rules{{"shard-\\1", "--shard=(\\d+)"}, {"any", ""}});
  CHECK(Name("/bin/db", "db\0--shard=7\0"sv, "db", rules) == "shard-7");
  CHECK(Name("/bin/db", "db\0"sv, "db", rules) == "any");
}

TEST_CASE("a capture that is unsafe to show passes on to the next rule") {
  const GroupRules rules(Rules{{"\\1", "--name=([^\\n]+)"}, {"fallback", "db"}});
  CHECK(Name("/bin/db", "db\0--name=ok\0"sv, "db", rules) == "ok");
  CHECK(Name("/bin/db", "db\0--name=pass word\0"sv, "db", rules) == "fallback");
}

TEST_CASE("a bad rule is refused in one line") {
  CHECK_THROWS_AS(GroupRules(Rules{{"x", "("}}), std::invalid_argument);
  CHECK_THROWS_WITH(GroupRules(Rules{{"\\2", "(a)"}}), ContainsText("bad name"));
}

TEST_CASE("32 KB of command line against adversarial rules ends, and only 4 KB are seen") {
  const GroupRules rules(Rules{{"never", "(a+)+$"}, {"nested", "((a*)*)*b"}, {"end", "END"}});
  const std::string cmdline = "app" + std::string(1, '\0') + std::string(32 * 1024, 'a') + "END";
  CHECK(Name("/bin/app", cmdline + "!", "app", rules) == "never");
  const GroupRules only_end(Rules{{"end", "END"}});
  CHECK(Name("/bin/app", cmdline, "app", only_end) == "app");
}

TEST_CASE("a main class behind a class path longer than 4 KB is found") {
  const std::string cmdline = "java" + std::string(1, '\0') + "-cp" + std::string(1, '\0') +
                              std::string(20'000, 'p') + std::string(1, '\0') + "kafka.Kafka" +
                              std::string(1, '\0');
  CHECK(Name("/usr/bin/java", cmdline, "java") == "java:kafka.Kafka");
}

}  // namespace memleak
