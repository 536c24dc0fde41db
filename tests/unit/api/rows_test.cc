#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/web/api/groups_json.h"
#include "exporter/web/api/oom_kills_json.h"
#include "exporter/web/api/processes_json.h"
#include "tests/catch.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// A snapshot whose parts live here.
struct Host {
  Snapshot snapshot;
  std::deque<Process> processes;  // keeps addresses
  std::vector<Process*> pointers;
  std::vector<Group*> groups;

  Host() {
    snapshot.processes_listed = true;
    snapshot.time.unix_time = 2'000'000'000.5;
    snapshot.time.boot_time = 1'999'900'000;
    snapshot.time.uptime = 100'000;
    snapshot.time.tick_rate = 100;
    snapshot.all_groups = &groups;
  }

  Process& Add(int32_t pid, std::string_view comm, std::optional<uint64_t> resident = kMiB) {
    Process process;
    process.sample.pid = pid;
    process.sample.comm.Assign(comm);
    process.sample.start_ticks = 9'000'000;  // 10,000 seconds ago
    process.sample.threads = 3;
    if (resident) process.sample.memory.Set(MemoryField::kResident, *resident);
    processes.push_back(std::move(process));
    return processes.back();
  }

  Json List(std::string_view parameters = {}) {
    pointers.clear();
    for (Process& process : processes) pointers.push_back(&process);
    snapshot.processes = &pointers;
    ListQuery query;
    std::string why;
    INFO(parameters);
    const bool understood = ParseListQuery(parameters, ProcessListRules(), query, why);
    INFO(why);
    REQUIRE(understood);
    return ProcessesJson(query, snapshot);
  }
  std::vector<int> Pids(std::string_view parameters = {}) {
    std::vector<int> pids;
    const Json list = List(parameters);
    for (const Json& row : list["processes"]) pids.push_back(row["pid"]);
    return pids;
  }
};

using Pids = std::vector<int>;

}  // namespace

TEST_CASE("a row: what is known of a process") {
  Host host;
  Group group;
  group.name = "web";
  Cgroup cgroup;
  cgroup.path = "/kubepods/pod1/c1";
  cgroup.names = {"shop", "web-1", "nginx", "web"};
  cgroup.name.unit = "kubelet.service";
  cgroup.headroom = 77;
  Process& process = host.Add(4711, "nginx", 300 * kMiB);
  process.group = &group;
  process.cgroup = &cgroup;
  process.names.user = "www-data";
  process.names.runtime = "native";
  process.names.exe = "/usr/sbin/nginx";
  process.sample.cpu_ticks = 150;
  process.sample.memory.Set(MemoryField::kAnon, 200 * kMiB);
  process.sample.memory.Set(MemoryField::kSwap, 56 * kMiB);
  process.sample.open_fds = 12;
  process.max_fds = 1024;
  process.tracked.first_sight = {99'000, 200.0 * kMiB};
  host.snapshot.node.meminfo.emplace();
  (*host.snapshot.node.meminfo)[static_cast<size_t>(MemInfoField::kTotal)] = 1200 * kMiB;

  const Json list = host.List();
  CHECK(list["time"] == 2'000'000'000.5);
  CHECK(list["total"] == 1);
  const Json& row = list["processes"][0];
  const Json expected = {{"pid", 4711},
                         {"comm", "nginx"},
                         {"user", "www-data"},
                         {"group", "web"},
                         {"runtime", "native"},
                         {"exe", "/usr/sbin/nginx"},
                         {"cgroup", "/kubepods/pod1/c1"},
                         {"namespace", "shop"},
                         {"pod", "web-1"},
                         {"container", "nginx"},
                         {"unit", "kubelet.service"},
                         {"start_time", 1'999'990'000.0},
                         {"age_seconds", 10'000.0},
                         {"resident_bytes", 300 * kMiB},
                         {"anon_bytes", 200 * kMiB},
                         {"swap_bytes", 56 * kMiB},
                         {"memory_share", 0.25},
                         {"open_fds", 12},
                         {"max_fds", 1024},
                         {"threads", 3},
                         {"cpu_seconds", 1.5},
                         {"footprint_bytes", 256 * kMiB},
                         {"change_bytes", 56.0 * kMiB},
                         {"change_seconds", 1000.0},
                         {"change_since", "first-sight"},
                         {"headroom_bytes", 77},
                         {"suspect", false},
                         {"exported", false},
                         {"leaks", Json::array()}};
  CHECK(row.dump() == expected.dump());
}

TEST_CASE("a row: what is unknown is absent") {
  Host host;
  host.Add(5, "", std::nullopt).sample.kernel_thread = true;
  host.snapshot.cgroup_counts.skipped = 1;

  const Json row = host.List()["processes"][0];

  const Json expected = {{"pid", 5},
                         {"kernel_thread", true},
                         {"start_time", 1'999'990'000.0},
                         {"age_seconds", 10'000.0},
                         {"threads", 3},
                         {"cpu_seconds", 0.0},
                         {"suspect", false},
                         {"exported", false},
                         {"leaks", Json::array()}};
  CHECK(row.dump() == expected.dump());
}

TEST_CASE("a row: at first sight nothing changed yet") {
  Host host;
  Process& process = host.Add(5, "new");
  process.sample.memory.Set(MemoryField::kAnon, kMiB);
  process.sample.memory.Set(MemoryField::kSwap, 0);
  process.tracked.first_sight = {100'000, 1.0 * kMiB};
  CHECK_FALSE(host.List()["processes"][0].contains("change_bytes"));
  host.processes[0].tracked.first_sight.time = 99'999;
  CHECK(host.List()["processes"][0]["change_bytes"] == 0.0);
}

TEST_CASE("a row: a user without a name is its number") {
  Host host;
  host.Add(5, "x").sample.uid = 65534;
  CHECK(host.List()["processes"][0]["user"] == "65534");
}

TEST_CASE("a row: names are valid UTF-8 of bounded length, and what JSON escapes comes back") {
  Host host;
  const std::string markup = "<img src=x onerror=alert(1)>\"'\\";
  Group group;
  group.name = markup;
  Process& process = host.Add(5, "a\xff\xc3\n\x1b\x7f");
  process.group = &group;
  process.names.exe = std::string(10'000, 'e');

  const Json sent = Json::parse(Dump(host.List()));

  const Json& row = sent["processes"][0];
  CHECK(row["comm"] == "a\xEF\xBF\xBD\xEF\xBF\xBD\n\x1b\x7f");
  CHECK(row["group"] == markup);
  CHECK(row["exe"].get<std::string>().size() == 256);
}

TEST_CASE("a list is sorted by any field, the unknown last, equal ones by name and pid") {
  Host host;
  host.Add(1, "b", 20);
  host.Add(2, "a", 20);
  host.Add(3, "c", std::nullopt);
  host.Add(4, "a", 30);
  host.Add(5, "a", 20);

  CHECK(host.Pids() == Pids{4, 2, 5, 1, 3});
  CHECK(host.Pids("sort=resident_bytes") == Pids{2, 5, 1, 4, 3});
  CHECK(host.Pids("sort=comm") == Pids{2, 4, 5, 1, 3});
  CHECK(host.Pids("sort=-comm") == Pids{3, 1, 2, 4, 5});
  CHECK(host.Pids("sort=-pid") == Pids{5, 4, 3, 2, 1});
  // Nobody has any.
  CHECK(host.Pids("sort=-swap_bytes") == Pids{2, 4, 5, 1, 3});
  host.processes[2].tracked.standing.suspect = true;
  CHECK(host.Pids("sort=-suspect")[0] == 3);
}

TEST_CASE("every field that a row shows can be sorted by") {
  Host host;
  host.Add(1, "a");
  for (const std::string_view field : ProcessListRules().fields) {
    CHECK(host.Pids("sort=" + std::string(field)) == Pids{1});
  }
}

TEST_CASE("limit and offset cut a page out of what matched") {
  Host host;
  for (int32_t pid = 1; pid <= 10; ++pid) {
    host.Add(pid, pid % 2 == 0 ? "even" : "odd", static_cast<uint64_t>(pid));
  }
  const Json list = host.List("search=even&limit=2&offset=1&sort=pid");
  CHECK(list["total"] == 10);
  CHECK(list["matched"] == 5);
  CHECK(list["limit"] == 2);
  CHECK(list["offset"] == 1);
  CHECK(host.Pids("search=even&limit=2&offset=1&sort=pid") == Pids{4, 6});
  CHECK(host.Pids("sort=pid&offset=8") == Pids{9, 10});
  CHECK(host.Pids("offset=10").empty());
  CHECK(host.Pids("offset=18446744073709551615&limit=10000").empty());
  CHECK(host.Pids("limit=0").empty());
}

TEST_CASE("search looks at names and pids in any case of letters") {
  Host host;
  Group group;
  group.name = "Billing";
  Cgroup cgroup;
  cgroup.path = "/system.slice/x.service";
  cgroup.names.pod = "web-7";
  host.Add(31, "one").group = &group;
  host.Add(2, "two").cgroup = &cgroup;
  host.Add(3, "three").names.user = "postgres";
  host.processes[2].names.exe = "/opt/billing";  // no name

  CHECK(host.Pids("search=bILL") == Pids{31});
  CHECK(host.Pids("search=web-7") == Pids{2});
  CHECK(host.Pids("search=x.SERVICE") == Pids{2});
  CHECK(host.Pids("search=greS") == Pids{3});
  CHECK(host.Pids("search=3&sort=pid") == Pids{3, 31});
  CHECK(host.Pids("search=nobody").empty());
}

TEST_CASE("only what is named, and only suspects") {
  Host host;
  Group group;
  group.name = "web \xff";
  Cgroup cgroup;
  cgroup.path = "/a";
  host.Add(1, "a").group = &group;
  host.Add(2, "b").group = &group;
  host.processes[1].cgroup = &cgroup;
  host.Add(3, "c").tracked.standing.suspect = true;

  CHECK(host.Pids("pid=3&pid=1&sort=pid") == Pids{1, 3});
  CHECK(host.Pids("pid=1x").empty());
  // As it is shown.
  CHECK(host.Pids("group=web+%EF%BF%BD&sort=pid") == Pids{1, 2});
  CHECK(host.Pids("group=web+%EF%BF%BD&pid=2") == Pids{2});
  CHECK(host.Pids("cgroup=/a") == Pids{2});
  CHECK(host.Pids("suspects=true") == Pids{3});
  CHECK(host.List("suspects=true")["matched"] == 1);
}

TEST_CASE("processes that could not be listed are an empty list") {
  Host host;
  host.snapshot.processes_listed = false;
  host.snapshot.processes = nullptr;
  ListQuery query;
  std::string why;
  REQUIRE(ParseListQuery("", ProcessListRules(), query, why));
  const Json list = ProcessesJson(query, host.snapshot);
  CHECK(list["total"] == 0);
  CHECK(list["processes"] == Json::array());
  CHECK(FindProcess(host.snapshot, 1) == nullptr);
}

TEST_CASE("groups without processes are listed while they are suspected") {
  Host host;
  Group empty;
  empty.name = "ended";
  Group leaking;
  leaking.name = "crashed";
  leaking.tracked.standing.suspect = true;
  Group running;
  running.name = "running";
  running.sums.processes = 2;
  host.groups = {&empty, &leaking, &running};
  ListQuery query;
  std::string why;
  REQUIRE(ParseListQuery("sort=group", GroupListRules(), query, why));
  const Json list = GroupsJson(query, host.snapshot);
  REQUIRE(list["total"] == 2);
  CHECK(list["groups"][0]["group"] == "crashed");
  CHECK(list["groups"][1]["group"] == "running");
  CHECK(list["groups"][1]["processes"] == 2);
  CHECK_FALSE(list["groups"][1].contains("resident_bytes"));
}

TEST_CASE("one process has its siblings, the largest first, and no more than twenty") {
  Host host;
  Group group;
  group.name = "pool";
  for (int32_t pid = 1; pid <= 30; ++pid) {
    host.Add(pid, "worker", static_cast<uint64_t>(pid) * kMiB).group = &group;
  }
  host.Add(99, "other");
  host.List();
  const Json json = ProcessJson(*FindProcess(host.snapshot, 7), host.snapshot);
  const Json& siblings = json["siblings"];
  REQUIRE(siblings.size() == 20);
  CHECK(siblings[0]["pid"] == 30);
  CHECK(siblings[19]["pid"] == 11);
  CHECK(siblings[0]["resident_bytes"] == 30 * kMiB);
  CHECK(ProcessJson(*FindProcess(host.snapshot, 99), host.snapshot)["siblings"].empty());
  CHECK(json["next_commands"].size() == 2);
}

TEST_CASE("what is read of one process on demand is added to its row") {
  MemoryDetails details;
  details.status = {{"VmPeak", 10}, {"RssAnon", 4}};
  details.regions = {{0x1000, 0x3000, "rw-p", 0x500, "/bad\xff", 4096, 2048, 0}};
  Json row = Json::object();
  PutMemoryDetails(row, details);
  CHECK(Dump(row["status"]) == R"({"VmPeak":10,"RssAnon":4})");
  CHECK(Dump(row["regions"]) ==
        "[{\"address\":\"00001000-00003000\",\"permissions\":\"rw-p\",\"offset\":1280,"
        "\"name\":\"/bad\xEF\xBF\xBD\",\"size_bytes\":8192,\"resident_bytes\":4096,"
        "\"proportional_bytes\":2048,\"swap_bytes\":0}]");
  CHECK_FALSE(row.contains("regions_missing"));

  details = {};
  details.regions_missing = "late";
  row = Json::object();
  PutMemoryDetails(row, details);
  CHECK(Dump(row) == R"({"regions_missing":"late"})");
}

TEST_CASE("without the kernel's log there are no kills, and nobody says how many") {
  const Snapshot snapshot;
  CHECK(Dump(OomKillsJson(snapshot)) == R"({"time":0.0,"oom_kills":[]})");
}

}  // namespace memleak
