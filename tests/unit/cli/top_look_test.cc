#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exporter/cli/top/look.h"
#include "tests/catch.h"

namespace memleak {
namespace {

// An exporter that answers what it was given, and notes what it was asked.
struct FakeExporter {
  std::map<std::string, FetchAnswer> answers;  // by path; by path and query where that is there
  std::vector<std::string> asked;

  Fetch fetch() {
    return [this](const std::string& path, const std::string& query) {
      asked.push_back(path + '?' + query);
      const auto exact = answers.find(path + '?' + query);
      if (exact != answers.end()) return exact->second;
      const auto found = answers.find(path);
      return found != answers.end() ? found->second : FetchAnswer{404, R"({"error":"no such"})"};
    };
  }
};

constexpr const char* kOfSuspects = "suspects=true&sort=exhaustion_seconds&limit=50";

FakeExporter Ordinary() {
  FakeExporter fake;
  fake.answers["/api/v1/node"] = {
      200,
      R"({"time":1000.5,"node":{"name":"a17","memory_total_bytes":8,"oom_kills":1,
          "last_oom_kill":{"time":900,"pid":7,"comm":"java"}},"exporter":{"version":"1"}})"};
  fake.answers["/api/v1/processes"] = {
      200,
      R"({"time":1000.5,"total":5012,"matched":2,"offset":40,"limit":2,"processes":[
          {"pid":1,"comm":"a","suspect":true,"leaks":["memory"],"resident_bytes":5e9,"exe":7},
          {"pid":2,"comm":"b\u001b[31m","suspect":false,"leaks":[]}]})"};
  const std::string none = R"({"total":3,"matched":0,"offset":0,)";
  fake.answers["/api/v1/groups"] = {200, none + R"("groups":[]})"};
  fake.answers["/api/v1/cgroups"] = {200, none + R"("cgroups":[]})"};
  return fake;
}

std::string ErrorOfLook(FakeExporter& fake, const Wish& wish = {}) {
  try {
    LookAt(fake.fetch(), wish);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "(no error)";
}

TEST_CASE("a look asks for the node, the suspects and a part of the list") {
  FakeExporter fake = Ordinary();
  Wish wish;
  wish.listing.search = "a b&c";
  wish.offset = 40;
  wish.limit = 60;
  const Look look = LookAt(fake.fetch(), wish);
  CHECK(look.wish == wish);
  CHECK(look.node.time == 1000.5);
  CHECK(look.node.node.Text("name") == "a17");
  CHECK(look.node.node.Number("memory_total_bytes") == 8);
  REQUIRE(look.node.last_oom_kill);
  CHECK(look.node.last_oom_kill->Text("comm") == "java");
  CHECK(look.list.total == 5012);
  CHECK(look.list.matched == 2);
  CHECK(look.list.offset == 40);
  REQUIRE(look.list.rows.size() == 2);
  const Row& row = look.list.rows[0];
  CHECK(row.Number("pid") == 1);
  CHECK(row.Number("resident_bytes") == 5e9);
  CHECK(row.Holds("suspect"));
  CHECK(row.leaks == std::vector<std::string>{"memory"});
  CHECK(row.Text("exe").empty());  // not of its type
  CHECK_FALSE(row.Number("swap_bytes"));
  CHECK_FALSE(look.list.rows[1].Holds("suspect"));
  CHECK(fake.asked ==
        std::vector<std::string>{"/api/v1/node?", "/api/v1/processes?" + std::string(kOfSuspects),
                                 "/api/v1/groups?" + std::string(kOfSuspects),
                                 "/api/v1/cgroups?" + std::string(kOfSuspects),
                                 "/api/v1/processes?sort=-resident_bytes&offset=40&limit=60" +
                                     std::string("&search=a%20b%26c")});
}

TEST_CASE("each leak is one suspect") {
  const SuspectBodies bodies{
      R"({"processes":[{"pid":1,"group":"api","cgroup":"/x"},{"pid":2,"group":"api"}]})",
      R"({"groups":[{"group":"api"},{"group":"loop"}]})",
      R"({"cgroups":[{"cgroup":"/x","group":"web"},{"cgroup":"/y","group":"loop"},
                     {"cgroup":"/z","group":"web"},{"cgroup":"/nobody"}]})"};
  std::string names;
  for (const Row& row : ParseSuspects(bodies)) {
    names += row.Number("pid") ? "pid " : std::string(row.Text("group")) + ' ';
    names += std::string(row.Text("cgroup")) + ',';
  }
  CHECK(names == "pid /x,pid ,loop ,web /z, /nobody,");
}

TEST_CASE("how the lists are asked for") {
  Listing listing;
  CHECK(ListQuery(listing, 0, 5) == "sort=-resident_bytes&offset=0&limit=5");
  listing.reverse = true;
  listing.suspects_only = true;
  CHECK(ListQuery(listing, 0, 5) == "sort=resident_bytes&offset=0&limit=5&suspects=true");
  listing = {};
  listing.view = View::kGroups;
  listing.sort = SortKey::kPid;  // names go up
  CHECK(ListQuery(listing, 0, 5) == "sort=group&offset=0&limit=5");
  listing.sort = SortKey::kAge;  // the oldest first
  CHECK(ListQuery(listing, 0, 5) == "sort=oldest_start_time&offset=0&limit=5");
  listing.view = View::kContainers;  // which have no age
  CHECK(ListQuery(listing, 0, 5) == "sort=-unreclaimable_bytes&offset=0&limit=5");
}

TEST_CASE("the details of a process") {
  FakeExporter fake = Ordinary();
  fake.answers["/api/v1/processes/4711"] = {200,
                                            R"({"time":1,"process":{"pid":4711,"comm":"java",
          "history":{"memory":{"points":[[1,10],[2,20],[3],["x",4]]},"descriptors":{"points":[]}},
          "resources":[{"resource":"memory","leak_suspected":true,"reasons":["grew","and grew"]}],
          "evidence":{"reasons":["heap grew"],"descriptor_targets":[{"target":"socket","count":9}]},
          "next_commands":[{"command":"jcmd 4711","shows":"classes"}],
          "regions":[{"name":"[heap]","size_bytes":4}],"siblings":[{"pid":5}]}})"};
  Wish wish;
  wish.subject = Subject{View::kProcesses, "4711"};
  const Look look = LookAt(fake.fetch(), wish);
  REQUIRE(look.details);
  const Details& details = *look.details;
  CHECK(details.row.Text("comm") == "java");
  REQUIRE(details.plots.size() == 2);
  CHECK(details.plots[0].points == std::vector<std::pair<double, double>>{{1, 10}, {2, 20}});
  REQUIRE(details.resources.size() == 1);
  CHECK(details.resources[0].figures.Holds("leak_suspected"));
  CHECK(details.resources[0].reasons.size() == 2);
  CHECK(details.evidence == std::vector<std::string>{"heap grew"});
  CHECK(details.fd_targets[0].Number("count") == 9);
  CHECK(details.commands[0].Text("command") == "jcmd 4711");
  CHECK(details.regions[0].Text("name") == "[heap]");
  CHECK(details.siblings[0].Number("pid") == 5);

  wish.subject->name = "4712";
  CHECK_FALSE(LookAt(fake.fetch(), wish).details);  // it has ended
}

TEST_CASE("the details of a group come with its processes") {
  FakeExporter fake = Ordinary();
  fake.answers["/api/v1/groups?group=a%2Fb&history=true&details=true"] = {
      200, R"({"groups":[{"group":"a/b","processes":2}]})"};
  fake.answers["/api/v1/processes?group=a%2Fb&limit=20"] = {
      200, R"({"processes":[{"pid":1},{"pid":2}]})"};
  Wish wish;
  wish.subject = Subject{View::kGroups, "a/b"};
  const Look look = LookAt(fake.fetch(), wish);
  REQUIRE(look.details);
  CHECK(look.details->row.Number("processes") == 2);
  CHECK(look.details->siblings.size() == 2);
}

TEST_CASE("what is no answer") {
  FakeExporter fake = Ordinary();
  fake.answers["/api/v1/node"] = {401, ""};
  CHECK_THAT(ErrorOfLook(fake), ContainsText("user and a password"));
  fake.answers["/api/v1/node"] = {404, "not found\n"};
  CHECK_THAT(ErrorOfLook(fake), ContainsText("--no-web.ui"));
  fake.answers["/api/v1/node"] = {503, "{\"error\":\"starting\\u001b[2J\"}"};
  CHECK(ErrorOfLook(fake) == "answered /api/v1/node with status 503: starting\\x1b[2J");
  for (const char* body : {"", "<html>", "[]", "{}", R"({"node":7})", R"({"node":)"}) {
    INFO(body);
    fake.answers["/api/v1/node"] = {200, body};
    CHECK(ErrorOfLook(fake) != "(no error)");
  }
  fake = Ordinary();
  for (const char* body : {"", "{}", R"({"processes":7})"}) {
    INFO(body);
    fake.answers["/api/v1/processes"] = {200, body};
    CHECK(ErrorOfLook(fake) != "(no error)");
  }
}

TEST_CASE("rows that are none show as empty ones, not as an error") {
  FakeExporter fake = Ordinary();
  fake.answers["/api/v1/processes"] = {
      200, R"({"processes":[1,"x",null,{"pid":"7","leaks":"memory","comm":null}]})"};
  const Look look = LookAt(fake.fetch(), {});
  CHECK(look.list.rows.size() == 4);
  CHECK_FALSE(look.list.rows[3].Number("pid"));
}

TEST_CASE("for scripts: the rows as they are") {
  FakeExporter fake = Ordinary();
  fake.answers["/api/v1/processes?" + std::string(kOfSuspects) + "&details=true"] = {
      200, R"({"processes":[{"pid":9,"group":"g","resources":[{"x":[1]}]}]})"};
  fake.answers["/api/v1/groups?" + std::string(kOfSuspects) + "&details=true"] = {
      200, R"({"groups":[{"group":"g"}]})"};
  fake.answers["/api/v1/processes"] = {200, R"({"processes":[{"pid":2,"a":0.5,"b":{"c":[]}}]})"};
  fake.answers["/api/v1/node"] = {200, R"({"time":1.5,"node":{"name":"n","z":1,"a":2}})"};
  CHECK(ScriptLook(fake.fetch(), {}, 7) ==
        R"({"time":1.5,"node":{"name":"n","z":1,"a":2},)"
        R"("suspects":[{"pid":9,"group":"g","resources":[{"x":[1]}]}],)"
        R"("processes":[{"pid":2,"a":0.5,"b":{"c":[]}}]})"
        "\n");
  CHECK(fake.asked.back() == "/api/v1/processes?sort=-resident_bytes&offset=0&limit=7");
}

}  // namespace
}  // namespace memleak
