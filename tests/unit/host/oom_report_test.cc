#include "exporter/host/kernel_log/oom_report.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

using Part = KernelMessage::Part;
using Lines = std::vector<std::string>;

// A millisecond between two lines.
std::vector<OomReport> KillsIn(const Lines& lines, Part part = Part::kWhole) {
  OomReader reader;
  std::vector<OomReport> kills;
  double seconds = 100;
  for (const std::string& line : lines) {
    seconds += 0.001;
    if (auto kill = reader.Add({seconds, line, part})) kills.push_back(*kill);
  }
  return kills;
}

OomReport OneKillIn(const Lines& lines, Part part = Part::kWhole) {
  const std::vector<OomReport> kills = KillsIn(lines, part);
  REQUIRE(kills.size() == 1);
  return kills.front();
}

const std::string kSizes = "total-vm:64kB, anon-rss:32kB, file-rss:16kB, shmem-rss:8kB";
const std::string kEnd = ") " + kSizes + ", UID:7 pgtables:4kB oom_score_adj:0";
const std::string kMemcg = "Memory cgroup out of memory: ";

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) joined += part;
  return joined;
}

std::string Killed(int pid, const std::string& comm) {
  return kMemcg + "Killed process " + std::to_string(pid) + " (" + comm + kEnd;
}

std::string OomKill(const std::string& where, const std::string& comm, int pid) {
  return "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0" + where +
         ",task=" + comm + ",pid=" + std::to_string(pid) + ",uid=7";
}

TEST_CASE("a kill is told with all that its last line says") {
  struct Case {
    const char* line;
    OomScope scope;
    std::optional<uint32_t> uid;
    std::optional<uint64_t> shmem;
  };
  const Case cases[] = {
      // 5.4 to 6.x, all three causes
      {"Memory cgroup out of memory: Killed process 12 (name) total-vm:64kB, anon-rss:32kB, "
       "file-rss:16kB, shmem-rss:8kB, UID:7 pgtables:4kB oom_score_adj:-5",
       OomScope::kCgroup, 7, 8192},
      {"Out of memory: Killed process 12 (name) total-vm:64kB, anon-rss:32kB, file-rss:16kB, "
       "shmem-rss:8kB, UID:7 pgtables:4kB oom_score_adj:0",
       OomScope::kNode, 7, 8192},
      {"Out of memory (oom_kill_allocating_task): Killed process 12 (name) total-vm:64kB, "
       "anon-rss:32kB, file-rss:16kB, shmem-rss:8kB, UID:7 pgtables:4kB oom_score_adj:0",
       OomScope::kNode, 7, 8192},
      // 5.1 to 5.3
      {"Memory cgroup out of memory: Killed process 12 (name) total-vm:64kB, anon-rss:32kB, "
       "file-rss:16kB, shmem-rss:8kB",
       OomScope::kCgroup, std::nullopt, 8192},
      // 4.5 to 5.0
      {"Killed process 12 (name) total-vm:64kB, anon-rss:32kB, file-rss:16kB, shmem-rss:8kB",
       OomScope::kNode, std::nullopt, 8192},
      // until 4.4
      {"Killed process 12 (name) total-vm:64kB, anon-rss:32kB, file-rss:16kB", OomScope::kNode,
       std::nullopt, std::nullopt},
      // RHEL 7 and 6
      {"Killed process 12 (name), UID 7, total-vm:64kB, anon-rss:32kB, file-rss:16kB, "
       "shmem-rss:8kB",
       OomScope::kNode, 7, 8192},
      {"Killed process 12, UID 7, (name) total-vm:64kB, anon-rss:32kB, file-rss:16kB",
       OomScope::kNode, 7, std::nullopt},
  };
  for (const Case& expected : cases) {
    for (const Part part : {Part::kWhole, Part::kLine}) {
      INFO(expected.line);
      const OomReport kill = OneKillIn({expected.line}, part);
      CHECK(kill.seconds == Approx(100.001));
      CHECK(kill.scope == expected.scope);
      CHECK(kill.pid == 12);
      CHECK(kill.comm.view() == "name");
      CHECK(kill.uid == expected.uid);
      CHECK(kill.virtual_memory == 65536);
      CHECK(kill.anon == 32768);
      CHECK(kill.file == 16384);
      CHECK(kill.shmem == expected.shmem);
      CHECK(kill.cgroup.empty());
      CHECK(kill.limit_cgroup.empty());
    }
  }
}

TEST_CASE("what a kernel does not say or says otherwise is absent") {
  const OomReport cut = OneKillIn({"Killed process 12 (name) total-vm:64kB, anon-rss:32kB"});
  CHECK(cut.anon == 32768);
  CHECK_FALSE(cut.file.has_value());
  const OomReport huge = OneKillIn(
      {"Killed process 12 (name) total-vm:64kB, anon-rss:32kB, file-rss:99999999999999999999kB"});
  CHECK_FALSE(huge.file.has_value());
  const OomReport new_words = OneKillIn(
      {"Killed process 12 (name) total-vm:64kB, anon-rss:32kB, hugetlb:1kB, file-rss:16kB (new)"});
  CHECK(new_words.comm.view() == "name");
  CHECK_FALSE(new_words.file.has_value());
}

TEST_CASE("no other line is a kill") {
  for (const std::string& line : Lines{
           "",
           " " + Killed(12, "name"),
           "x" + Killed(12, "name"),
           "oom-kill:" + Killed(12, "name"),
           kMemcg + Killed(12, "name"),
           "Killed process 0 (name" + kEnd,
           "Killed process -12 (name" + kEnd,
           "Killed process  12 (name" + kEnd,
           "Killed process 99999999999 (name" + kEnd,
           "Killed process 12(name" + kEnd,
           "Killed process 12, UID x, (name" + kEnd,
           "Killed process 12 (name) total-vm:64kB",
           "Killed process 12 (name) total-vm:64, anon-rss:32kB",
           "Killed process 12 (name) total-vm:64kB, anon-rss:kB",
           "Killed process 12 (name), UID x, " + kSizes,
           "killed process 12 (name" + kEnd,
           "Kill process 12 (name) sharing same memory",
           "Memory cgroup out of memory: Kill process 12 (name) score 9 or sacrifice child",
           "Memory cgroup out of memory: OOM victim 12 (name) is already exiting. Skip killing",
           "Out of memory and no killable processes...",
           "oom_reaper: reaped process 12 (name), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
           "oom_kill_process: 3 callbacks suppressed",
           "Memory cgroup stats for /Killed process 12 (name" + kEnd + ":",
           "systemd-oomd killed 12 process(es)",
       }) {
    for (const Part part : {Part::kWhole, Part::kLine, Part::kFragment}) {
      INFO(line);
      CHECK(KillsIn({line}, part).empty());
    }
  }
}

TEST_CASE("the line before a kill adds its cgroups and its user") {
  const std::string end =
      "Memory cgroup out of memory: Killed process 12 (name) total-vm:64kB, anon-rss:32kB, "
      "file-rss:16kB, shmem-rss:8kB";
  struct Case {
    std::string where;
    std::string cgroup;
    std::string limit;
  };
  const std::string memcg = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=";
  const std::string global = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=";
  const Case cases[] = {
      {memcg + "/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b", "/a/b", "/a"},
      {memcg + "/,mems_allowed=0-3,8,oom_memcg=/a,task_memcg=/a", "/a", "/a"},
      {memcg + "pod,mems_allowed=,oom_memcg=/,task_memcg=/a", "/a", "/"},
      {global + "/,mems_allowed=0,global_oom,task_memcg=/a/b", "/a/b", ""},
      {"oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=0-1,cpuset=x,mems_allowed=1,global_oom,"
       "task_memcg=/a",
       "/a", ""},
      {"oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=0,2,cpuset=x,mems_allowed=1,"
       "global_oom,task_memcg=/a",
       "/a", ""},
      // without cpusets, without memory cgroups
      {"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/a", "/a", ""},
      {"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0", "", ""},
      {"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null)", "", ""},
      // names of cgroups that imitate what stands around them
      {memcg + "/,mems_allowed=0,oom_memcg=/a,task=b,pid=1,uid=0,task_memcg=/a,task=b,pid=1,uid=0",
       "/a,task=b,pid=1,uid=0", "/a,task=b,pid=1,uid=0"},
      {memcg + "/,mems_allowed=0,oom_memcg=/a,task_memcg=b,task_memcg=/a,task_memcg=b/c",
       "/a,task_memcg=b/c", "/a,task_memcg=b"},
      {memcg + "x,mems_allowed=0,oom_memcg=/y,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b", "/a/b",
       "/a"},
      {memcg + "x,mems_allowed=0,global_oom,task_memcg=/y,mems_allowed=0,oom_memcg=/a,"
               "task_memcg=/a/b",
       "", ""},
      {memcg + "/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/c,task_memcg=/a,task_memcg=/a/c/d", "",
       ""},
      // not below the limit, no path, cut off by the kernel
      {memcg + "/,mems_allowed=0,oom_memcg=/a,task_memcg=/ab", "", ""},
      {memcg + "/,mems_allowed=0,oom_memcg=a,task_memcg=a", "", ""},
      {memcg + "/,mems_allowed=0,oom_memcg=,task_memcg=", "", ""},
      {memcg + "/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/" + std::string(1000, 'b'), "", ""},
  };
  for (const Case& expected : cases) {
    INFO(expected.where);
    const std::string line = expected.where + ",task=name,pid=12,uid=1000";
    const OomReport kill = OneKillIn({line, end});
    CHECK(kill.cgroup == expected.cgroup);
    CHECK(kill.limit_cgroup == expected.limit);
    CHECK(kill.uid == 1000u);
    // What is foreign in between is of no matter.
    const OomReport same = OneKillIn({line, "eth0: link up", "name[12]: segfault at 0", end});
    CHECK(same.cgroup == expected.cgroup);
    CHECK(same.limit_cgroup == expected.limit);
  }
}

TEST_CASE("the line before a kill is not believed of another process") {
  const std::string before = OomKill(",oom_memcg=/a,task_memcg=/a/b", "name", 12);
  for (const Lines& lines : {
           Lines{before, Killed(13, "name")},
           Lines{before, Killed(2, "name")},
           Lines{before, Killed(12, "nam")},
           Lines{before, Killed(12, "ame")},
           Lines{before, "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0",
                 Killed(12, "name")},
           Lines{before + "x", Killed(12, "name")},
           Lines{before.substr(0, before.size() - 1), Killed(12, "name")},
       }) {
    INFO(lines.back());
    const OomReport kill = OneKillIn(lines);
    CHECK(kill.cgroup.empty());
    CHECK(kill.limit_cgroup.empty());
    CHECK(kill.uid == 7u);
  }
  // Of more than ten kills in five seconds the kernel only tells the last line.
  const std::vector<OomReport> kills = KillsIn({before, Killed(12, "name"), Killed(12, "name")});
  REQUIRE(kills.size() == 2);
  CHECK(kills[0].cgroup == "/a/b");
  CHECK(kills[1].cgroup.empty());
}

TEST_CASE("names of processes imitate nothing") {
  for (const std::string& comm : Lines{
           "",
           ",pid=1,uid=0",
           ",task=x,pid=1,u",
           ") total-vm:1kB",
           ")) (( ) ()",
           "), UID 0, total",
           " (",
           "a\nb",
           "\n",
           "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
           "x\n",
           "\nOut of memory:",
           "Killed process\n",
           "\nKilled process",
           "x,pid=1,uid=0\n ",
           "\n,pid=1,uid=0",
           ") total-vm:1kB\n",
           "back\\slash\\x0a",
           "\xff\xfe\x01\x1b[31m",
           "oom-kill:constr",
           "Task in /a",
       }) {
    INFO(comm);
    const std::string before = OomKill(",oom_memcg=/a,task_memcg=/a/b", comm, 12);
    const Lines whole = {comm + " invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0", before,
                         Killed(12, comm)};
    const OomReport kill = OneKillIn(whole);
    CHECK(kill.pid == 12);
    CHECK(kill.comm.view() == comm);
    CHECK(kill.anon == 32768);
    CHECK(kill.cgroup == "/a/b");
    CHECK(kill.limit_cgroup == "/a");

    // The klog calls part a record at its newlines; all its lines are of one moment.
    OomReader reader;
    std::vector<OomReport> kills;
    double seconds = 100;
    for (const std::string& record : whole) {
      seconds += 0.001;
      for (size_t at = 0; at <= record.size();) {
        const size_t end = std::min(record.find('\n', at), record.size());
        const std::string line = record.substr(at, end - at);
        if (auto found = reader.Add({seconds, line, Part::kLine})) kills.push_back(*found);
        at = end + 1;
      }
    }
    REQUIRE(kills.size() == 1);
    CHECK(kills[0].pid == 12);
    CHECK(kills[0].comm.view() == comm);
    CHECK(kills[0].anon == 32768);
    CHECK(kills[0].cgroup == "/a/b");
    CHECK(kills[0].limit_cgroup == "/a");

    // The generation before.
    const std::string name = Joined({"(", comm, ")"});
    const std::string killed = "Killed process 12";
    const Lines old = {"Task in /a/b killed as a result of limit of /a",
                       Joined({kMemcg, "Kill process 12 ", name, " score 9 or sacrifice child"}),
                       Joined({killed, " ", name, " ", kSizes})};
    const OomReport old_kill = OneKillIn(old);
    CHECK(old_kill.comm.view() == comm);
    CHECK(old_kill.scope == OomScope::kCgroup);
    CHECK(old_kill.cgroup == "/a/b");
    CHECK(OneKillIn({Joined({killed, " ", name, ", UID 7, ", kSizes})}).comm.view() == comm);
    CHECK(OneKillIn({Joined({killed, ", UID 7, ", name, " ", kSizes})}).comm.view() == comm);
  }
}

TEST_CASE("a line that came in pieces is put together") {
  const std::string whole = OomKill(",oom_memcg=/a,task_memcg=/a/b", "name", 12);
  const std::string other = "eth0: link up";
  for (const Part part : {Part::kFragment, Part::kLine}) {
    for (const char* cut : {",cpuset=", ",mems_", ",oom_", "/a,task", ",task_", "/a/b", ",task="}) {
      INFO(cut);
      OomReader reader;
      const size_t at = whole.find(cut);
      reader.Add({1, whole.substr(0, at)});
      reader.Add({1.1, other, part == Part::kLine ? part : Part::kWhole});
      reader.Add({1.2, whole.substr(at), part});
      const auto kill = reader.Add({1.3, Killed(12, "name")});
      REQUIRE(kill.has_value());
      CHECK(kill->cgroup == "/a/b");
      CHECK(kill->limit_cgroup == "/a");
    }
  }
  // As 3.10 to 4.8 mark pieces, and as later ones do.
  for (const Part first : {Part::kFragment, Part::kWhole}) {
    OomReader reader;
    reader.Add({1, "Task in ", first});
    reader.Add({1, "/a/b", Part::kFragment});
    reader.Add({1, other});
    reader.Add({1, " killed as a result of limit of ", Part::kFragment});
    reader.Add({1, "/a", Part::kFragment});
    reader.Add({1, kMemcg + "Kill process 12 (name) score 9 or sacrifice child"});
    const auto kill = reader.Add({1, "Killed process 12 (name) " + kSizes});
    REQUIRE(kill.has_value());
    CHECK(kill->cgroup == "/a/b");
    CHECK(kill->limit_cgroup == "/a");
  }
}

TEST_CASE("a cgroup's name in a piece of its own is no line of the kernel's") {
  const std::string whole = OomKill(",oom_memcg=/a,task_memcg=/a/b", "name", 12);
  const size_t name = whole.find("/,mems_");
  OomReader reader;
  reader.Add({1, whole.substr(0, name)});
  CHECK_FALSE(reader.Add({1, Killed(1, "init"), Part::kFragment}).has_value());
  CHECK_FALSE(reader.Add({1, OomKill("", "init", 1), Part::kFragment}).has_value());
  reader.Add({1, whole.substr(name + 1), Part::kFragment});
  const auto kill = reader.Add({1, Killed(12, "name")});
  REQUIRE(kill.has_value());
  CHECK(kill->pid == 12);
}

TEST_CASE("kernels before 5.1 name one process and may kill its child") {
  const std::string chosen = "Kill process 12 (name) score 9 or sacrifice child";
  const std::string killed = "Killed process 12 (name) " + kSizes;
  const std::string child = "Killed process 13 (child) " + kSizes;
  const std::string task = "Task in /a/b killed as a result of limit of /a";
  const std::string before = OomKill(",oom_memcg=/a,task_memcg=/a/b", "name", 12);

  SECTION("itself, in a cgroup") {
    for (const std::string& line : {task, before}) {
      const OomReport kill = OneKillIn({line, kMemcg + chosen, killed});
      CHECK(kill.scope == OomScope::kCgroup);
      CHECK(kill.cgroup == "/a/b");
      CHECK(kill.limit_cgroup == "/a");
    }
  }
  SECTION("its child, of which the cgroup is not said") {
    for (const std::string& line : {task, before}) {
      const OomReport kill = OneKillIn({line, kMemcg + chosen, child});
      CHECK(kill.scope == OomScope::kCgroup);
      CHECK(kill.pid == 13);
      CHECK(kill.comm.view() == "child");
      CHECK(kill.cgroup.empty());
      CHECK(kill.limit_cgroup == "/a");
      CHECK_FALSE(kill.uid.has_value());
    }
  }
  SECTION("on the node") {
    for (const char* head : {"Out of memory: ", "Out of memory (oom_kill_allocating_task): "}) {
      const OomReport kill = OneKillIn({head + chosen, killed});
      CHECK(kill.scope == OomScope::kNode);
      CHECK(kill.cgroup.empty());
    }
  }
  SECTION("without the line in the middle, as far as known") {
    const OomReport kill = OneKillIn({task, killed});
    CHECK(kill.scope == OomScope::kCgroup);
    CHECK(kill.cgroup.empty());
    CHECK(kill.limit_cgroup.empty());
  }
  SECTION("the next one is on its own") {
    const std::vector<OomReport> kills =
        KillsIn({task, kMemcg + chosen, killed, "Out of memory: " + chosen, killed});
    REQUIRE(kills.size() == 2);
    CHECK(kills[1].scope == OomScope::kNode);
    CHECK(kills[1].cgroup.empty());
  }
  SECTION("one that was chosen and not killed leaves nothing behind") {
    const OomReport kill =
        OneKillIn({task, kMemcg + chosen,
                   "Out of memory: Kill process 12 (name) score 9 or sacrifice child", killed});
    CHECK(kill.scope == OomScope::kNode);
    CHECK(kill.cgroup.empty());
  }
  SECTION("paths that imitate the words between them") {
    const std::string words = " killed as a result of limit of ";
    const auto kill_in = [&](const std::string& paths) {
      return OneKillIn({"Task in " + paths, kMemcg + chosen, killed});
    };
    CHECK(kill_in("/a" + words + "/b/c" + words + "/a" + words + "/b").cgroup ==
          "/a" + words + "/b/c");
    CHECK(kill_in("/a" + words + "/b" + words + "/a" + words + "/b").cgroup == "/a" + words + "/b");
    CHECK(kill_in("/a" + words + "/b").cgroup.empty());
    CHECK(kill_in("/" + words + "/" + words + "/").cgroup == "/" + words + "/");
  }
}

TEST_CASE("the members of a cgroup that is killed as a whole are told with it") {
  const std::string whole = "Tasks in /a are going to be killed due to memory.oom.group set";
  SECTION("as since 5.1") {
    const std::vector<OomReport> kills =
        KillsIn({OomKill(",oom_memcg=/,task_memcg=/a/b", "name", 12), Killed(12, "name"), whole,
                 Killed(11, "other"), Killed(12, "name"), Killed(13, "third")});
    REQUIRE(kills.size() == 3);
    CHECK(kills[0].pid == 12);
    CHECK(kills[0].cgroup == "/a/b");
    for (size_t i : {1u, 2u}) {
      CHECK(kills[i].pid == (i == 1 ? 11 : 13));
      CHECK(kills[i].scope == OomScope::kCgroup);
      CHECK(kills[i].cgroup == "/a");
      CHECK(kills[i].limit_cgroup == "/");
    }
  }
  SECTION("as in 4.19") {
    const std::vector<OomReport> kills = KillsIn(
        {"Task in /a/b killed as a result of limit of /a",
         kMemcg + "Kill process 12 (name) score 9 or sacrifice child",
         "Killed process 12 (name) " + kSizes, whole, "Killed process 13 (other) " + kSizes});
    REQUIRE(kills.size() == 2);
    CHECK(kills[1].scope == OomScope::kCgroup);
    CHECK(kills[1].cgroup == "/a");
    CHECK(kills[1].limit_cgroup == "/a");
  }
  SECTION("a later kill is none of them") {
    for (const bool later : {false, true}) {
      OomReader reader;
      reader.Add({1, Killed(12, "name")});
      reader.Add({1, whole});
      const auto member = reader.Add({1.9, Killed(13, "name")});
      REQUIRE(member.has_value());
      CHECK(member->cgroup == "/a");
      const auto next = reader.Add({later ? 3.0 : 2.0, Killed(14, "name")});
      REQUIRE(next.has_value());
      CHECK(next->cgroup == (later ? "" : "/a"));
    }
    CHECK(OneKillIn({whole, Killed(13, "name")}).cgroup.empty());
    const std::vector<OomReport> kills =
        KillsIn({Killed(12, "name"), whole, "Out of memory: Killed process 13 (name" + kEnd});
    REQUIRE(kills.size() == 2);
    CHECK(kills[1].cgroup.empty());
  }
}

TEST_CASE("a kill that is cut off by the end of its line hides no other") {
  const std::string cut = "Killed process 12 (na";
  for (const double later : {0.0, 0.5}) {
    OomReader reader;
    CHECK_FALSE(reader.Add({1, cut, Part::kLine}).has_value());
    CHECK_FALSE(reader
                    .Add({1 + later, "no end of a name at all, for it is far too long to be one",
                          Part::kLine})
                    .has_value());
    const auto kill = reader.Add({1 + later, Killed(13, "name"), Part::kLine});
    REQUIRE(kill.has_value());
    CHECK(kill->pid == 13);
  }
  OomReader reader;
  reader.Add({1, cut, Part::kLine});
  const auto kill = reader.Add({2, Killed(13, "name"), Part::kLine});
  REQUIRE(kill.has_value());
  CHECK(kill->pid == 13);
  // A whole message has its name whole.
  CHECK(KillsIn({cut, "me" + kEnd}).empty());
}

TEST_CASE("messages that are no part of a kill cost no memory") {
  OomReader reader;
  const std::string flood(2000, ',');
  reader.Add({1, OomKill("", "name", 12)});
  for (int i = 0; i < 100; ++i) {
    reader.Add({1, flood, Part::kFragment});
    reader.Add({1, flood, Part::kLine});
    reader.Add({1, "Killed process 12 (\n", Part::kLine});
  }
  const size_t allocations = AllocationsOfThisThread();
  for (int i = 0; i < 100; ++i) {
    reader.Add({1, flood, Part::kFragment});
    reader.Add({1, flood, Part::kLine});
    reader.Add({1, flood, Part::kWhole});
    reader.Add({1, "Killed process 12 (\n", Part::kLine});
  }
  const size_t more = AllocationsOfThisThread() - allocations;
  CHECK(more == 0);
}

}  // namespace
}  // namespace memleak
