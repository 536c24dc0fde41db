// Logs of real kernels, and of kernels that are gone: tests/fixtures/kernel_logs/README.md.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "exporter/host/kernel_log/kernel_log.h"
#include "exporter/host/kernel_log/klog_calls.h"
#include "exporter/host/kernel_log/oom_report.h"
#include "tests/catch.h"

namespace memleak {
namespace {

constexpr OomScope kNode = OomScope::kNode;
constexpr OomScope kCgroup = OomScope::kCgroup;

std::string PathOf(const std::string& name) {
  return std::string(MEMLEAK_FIXTURES) + "/kernel_logs/" + name;
}

std::string TextOf(const std::string& name) {
  std::ifstream file(PathOf(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<OomReport> KillsOfRecords(const std::string& name) {
  KernelLog log(PathOf(name), false);
  OomReader reader;
  std::vector<OomReport> kills;
  CHECK(log.Read(std::nullopt, [&](const KernelMessage& message) {
    if (auto kill = reader.Add(message)) kills.push_back(*kill);
  }));
  CHECK(log.lost() == 0);
  return kills;
}

// As of a ring that holds `ring` bytes and is looked at after every `step` more.
std::vector<OomReport> KillsOfCalls(const std::string& name, size_t ring, size_t step) {
  const std::string text = TextOf(name);
  size_t written = 0;
  KlogCalls calls([&](int action, char* buffer, int size) -> int {
    if (action == 10) return static_cast<int>(ring);
    // Whole lines.
    size_t begin = written > ring ? text.find('\n', written - ring) + 1 : 0;
    const size_t end = written == text.size() ? written : text.rfind('\n', written) + 1;
    begin = std::min(begin, end);
    REQUIRE(end - begin <= static_cast<size_t>(size));
    text.copy(buffer, end - begin, begin);
    return static_cast<int>(end - begin);
  });
  OomReader reader;
  std::vector<OomReport> kills;
  while (written < text.size()) {
    written = std::min(written + step, text.size());
    CHECK(calls.Read(std::nullopt, 1'000'000, [&](const KernelMessage& message) {
      if (auto kill = reader.Add(message)) kills.push_back(*kill);
    }));
  }
  CHECK(calls.lost() == 0);
  return kills;
}

std::vector<OomReport> KillsOf(const std::string& name) {
  return name.ends_with(".kmsg") ? KillsOfRecords(name) : KillsOfCalls(name, 1 << 20, 1 << 20);
}

struct Kill {
  OomScope scope;
  int32_t pid;
  std::string comm;
  std::optional<uint32_t> uid;
  std::string cgroup;
  std::string limit;
};

void CheckKills(const std::vector<OomReport>& found, const std::vector<Kill>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    INFO(i << ": " << expected[i].comm);
    CHECK(found[i].scope == expected[i].scope);
    CHECK(found[i].pid == expected[i].pid);
    CHECK(found[i].comm.view() == expected[i].comm);
    CHECK(found[i].uid == expected[i].uid);
    CHECK(found[i].cgroup == expected[i].cgroup);
    CHECK(found[i].limit_cgroup == expected[i].limit);
    CHECK(found[i].seconds > 0);
    CHECK(found[i].virtual_memory.has_value());
    CHECK(found[i].anon.has_value());
    CHECK(found[i].file.has_value());
  }
}

// What tests/vm/guest/kills has killed, in its order.
std::vector<Kill> MadeKills(const std::string& root, bool v2, bool node,
                            const std::vector<int32_t>& pids) {
  const std::string plain = root + "/plain";
  const std::string imitation =
      root + "/Out of memory: Killed process 1 (init) total-vm:1kB, anon-rss:1kB, file-rss:1kB";
  const std::string pair = root + "/a,task_memcg=/b,task=init,pid=1,uid=0";
  std::vector<Kill> kills = {
      {kCgroup, 0, "leaker", 0, plain, plain},
      {kCgroup, 0, "user", 1000, plain, plain},
      {kCgroup, 0, "nested", 0, root + "/parent/child", root + "/parent"},
  };
  for (const char* comm : {",pid=1,uid=0", ") total-vm:1kB", "a\nb c", "\nOut of memory:",
                           "x,pid=1,uid=0\n ", "back\\slash\\x41", "\xc3\xa4 \xff\x01", ""}) {
    kills.push_back({kCgroup, 0, comm, 0, plain, plain});
  }
  kills.push_back({kCgroup, 0, "path", 0, imitation, imitation});
  kills.push_back({kCgroup, 0, "path", 0, pair, pair});
  kills.push_back({kCgroup, 0, "long", 0, "", ""});
  if (v2) {
    kills.push_back({kCgroup, 0, "grower", 0, "/whole/first", "/whole"});
    for (int i = 0; i < 3; ++i) kills.push_back({kCgroup, 0, "member", 0, "/whole", "/whole"});
  }
  if (node) {
    kills.push_back({kNode, 0, "node", 0, "/init.scope", ""});
    kills.push_back({kNode, 0, "allocating", 0, "/init.scope", ""});
    for (int i = 1; i <= 14; ++i) {
      const std::string flood = i <= 10 ? "/flood" : "";
      kills.push_back({kCgroup, 0, "flood " + std::to_string(i), 0, flood, flood});
    }
  }
  REQUIRE(kills.size() == pids.size());
  for (size_t i = 0; i < pids.size(); ++i) kills[i].pid = pids[i];
  return kills;
}

struct Recording {
  const char* name;
  std::vector<Kill> kills;
};

std::vector<Recording> Recordings() {
  return {
      {"debian-13-linux-6.12-cgroup-v2",
       MadeKills("", true, true, {167, 169, 173, 175, 177, 180, 183, 186, 188, 191, 193, 196,
                                  200, 211, 217, 216, 218, 219, 221, 223, 228, 229, 230, 231,
                                  232, 233, 234, 235, 236, 237, 238, 239, 240, 241})},
      {"debian-12-linux-6.1-cgroup-v1",
       MadeKills("", false, true,
                 {135, 137, 145, 147, 149, 152, 155, 158, 160, 163, 165, 170, 178, 201, 203,
                  205, 212, 213, 214, 215, 216, 217, 218, 219, 220, 221, 222, 223, 224, 225})},
      {"debian-11-linux-5.10-cgroup-v2",
       MadeKills("", true, true, {108, 110, 114, 116, 118, 121, 124, 127, 129, 132, 134, 137,
                                  141, 152, 158, 157, 159, 160, 162, 164, 169, 170, 171, 172,
                                  173, 174, 175, 176, 177, 178, 179, 180, 181, 182})},
      {"linux-6.18-cgroup-v1", MadeKills("/memleak-kills", false, false,
                                         {27021, 27027, 27030, 27038, 27046, 27052, 27062, 27064,
                                          27078, 27086, 27190, 27429, 27435, 27445})},
  };
}

TEST_CASE("recorded kernel logs tell what was killed, in both forms") {
  for (const Recording& recording : Recordings()) {
    for (const char* form : {".kmsg", ".klog"}) {
      INFO(recording.name << form);
      const std::vector<OomReport> kills = KillsOf(recording.name + std::string(form));
      CheckKills(kills, recording.kills);
      // The first cgroup has a limit of 16 MiB.
      CHECK(*kills[0].anon > 15u << 20);
      CHECK(*kills[0].anon <= 16u << 20);
      CHECK(*kills[0].virtual_memory > 64u << 20);
    }
  }
}

TEST_CASE("a ring that forgets while it is read tells each kill once") {
  for (const Recording& recording : Recordings()) {
    const std::string name = recording.name + std::string(".klog");
    for (const size_t step : {1009u, 4001u, 9001u}) {
      INFO(name << " " << step);
      CheckKills(KillsOfCalls(name, 20'000, step), recording.kills);
    }
  }
}

TEST_CASE("logs of older kernels tell what was killed") {
  const std::string pod = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice";
  const std::vector<Recording> logs = {
      {"linux-2.6.32-rhel-6.klog",
       {{kNode, 1790, "mysqld", 27, "", ""}, {kCgroup, 2160, "java", 501, "/lxc/web", "/lxc"}}},
      {"linux-3.10.klog",
       {{kCgroup, 3897, "stress", {}, "", "/docker/web"}, {kNode, 4100, "leaker", {}, "", ""}}},
      {"linux-3.10.0-rhel-7.klog",
       {{kCgroup, 9949, "java", 1000, pod + "/docker-5a.scope", pod},
        {kNode, 11200, "a), UID 0, b", 99, "", ""}}},
      {"linux-4.4.kmsg",
       {{kCgroup, 13119, "leaker", {}, "/docker/one/a", "/docker/one"},
        {kCgroup, 13207, "worker", {}, "", "/docker/two"},
        {kNode, 700, "cron", {}, "", ""}}},
      {"linux-4.19.klog",
       {{kCgroup, 1221, "allocate", {}, "/A1/B1", "/A1"},
        {kCgroup, 1217, "allocate", {}, "/A1", "/A1"},
        {kCgroup, 1222, "allocate", {}, "/A1", "/A1"},
        {kNode, 1300, "leaker", {}, "", ""}}},
      {"linux-5.0.kmsg",
       {{kCgroup, 2001, "stress", {}, "", "/app"}, {kNode, 2100, "stress", 1000, "/app/web", ""}}},
      {"linux-5.2-callers.klog",
       {{kCgroup, 2001, "stress", 1000, "/app", "/app"}, {kNode, 2100, "stress", 0, "/", ""}}},
  };
  for (const Recording& log : logs) {
    INFO(log.name);
    CheckKills(KillsOf(log.name), log.kills);
  }
  const std::vector<OomReport> kills = KillsOf("linux-3.10.klog");
  CHECK(kills[0].seconds == 2211.104352);
  CHECK(kills[0].virtual_memory == 1579488u * 1024u);
  CHECK(kills[0].anon == 131272u * 1024u);
  CHECK(kills[0].file == 12u * 1024u);
  CHECK_FALSE(kills[0].shmem.has_value());
}

}  // namespace
}  // namespace memleak
