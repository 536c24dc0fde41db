#include "exporter/model/process_table.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/model/process_world.h"

namespace memleak {

TEST_CASE("a newcomer joins its group when its name was read, and is then exported") {
  World world;
  world.tree.Put(Web(7));
  world.Pass(0);
  CHECK(world.GroupOf(7).empty());
  CHECK(world.table.counts().pending == 1);
  CHECK(world.table.exported().empty());
  world.Pass(0.5);
  CHECK(world.GroupOf(7) == "nginx");
  CHECK(world.table.counts().pending == 0);
  CHECK(world.table.counts().exported == 1);
  CHECK(world.table.counts().grouped == 0);
  REQUIRE(world.Exported(7));
  const Process& process = *world.table.exported()[0];
  CHECK(process.labels == R"(pid="7",comm="nginx",group="nginx")");
  CHECK(process.info_labels ==
        R"(pid="7",comm="nginx",group="nginx",exe="/usr/sbin/nginx",user="web")");
  CHECK(process.max_fds == 1024u);
}

TEST_CASE("a process whose name cannot be read is named by its comm after a second") {
  World world;
  world.tree.Put(Web(7));
  const std::string cmdline = (world.tree.ProcessPath(7) / "cmdline").string();
  std::filesystem::remove(cmdline);
  REQUIRE(mkfifo(cmdline.c_str(), 0600) == 0);
  world.tree.Put([] {
    TreeProcess other = Web(8);
    other.exe = "/usr/bin/other";
    return other;
  }());
  world.Pass(0);
  world.Pass(0.9);
  CHECK(world.GroupOf(7).empty());
  CHECK(world.GroupOf(8) == "other");
  CHECK(world.slow_reads.stuck() == 1);
  world.Pass(1.0);
  CHECK(world.GroupOf(7) == "nginx");
  CHECK(world.Exported(7));
  world.Pass(100);
  CHECK(world.slow_reads.stuck() == 1);  // it was not asked again
  std::ofstream(cmdline) << "";          // lets the helper go
}

TEST_CASE("a name that comes back after an exec is not the new program's") {
  World world;
  world.tree.Put(Web(7));
  const std::string cmdline = (world.tree.ProcessPath(7) / "cmdline").string();
  std::filesystem::remove(cmdline);
  REQUIRE(mkfifo(cmdline.c_str(), 0600) == 0);
  UniqueFd fifo(open(cmdline.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(fifo);
  world.Pass(0);
  REQUIRE(world.slow_reads.WaitIdle(std::chrono::seconds(20)));
  REQUIRE(world.slow_reads.stuck() == 1);

  TreeProcess after = Web(7);
  after.arg_start += 4096;
  after.exe = "/bin/other";
  world.tree.Put(after);
  world.Pass(0.1);
  world.Pass(0.2);
  REQUIRE(world.GroupOf(7) == "other");
  fifo = UniqueFd();  // the first read ends now
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (world.slow_reads.stuck() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  REQUIRE(world.slow_reads.stuck() == 0);
  world.Pass(0.3);
  CHECK(world.GroupOf(7) == "other");
}

TEST_CASE("a reused pid is a newcomer and carries nothing over") {
  World world;
  TreeProcess first = Web(7);
  first.start_ticks = kExporterStart + 10;
  first.user_ticks = 1000;
  world.tree.Put(first);
  world.Pass(40);
  world.Pass(41);
  const uint64_t life = world.Find(7)->life;
  CHECK(world.Find(7)->group->cpu_ticks == 1000);

  TreeProcess second = Web(7);
  second.start_ticks = kExporterStart + 5000;
  second.user_ticks = 3;
  second.comm = "other";
  second.exe = "/bin/other";
  world.tree.Put(second);
  world.Pass(60);
  CHECK(world.Find(7)->life != life);
  CHECK(world.GroupOf(7).empty());
  world.Pass(61);
  CHECK(world.GroupOf(7) == "other");
  CHECK(world.Find(7)->group->cpu_ticks == 3);
  CHECK(world.groups.Find("nginx").cpu_ticks == 1000);
  REQUIRE(world.table.recently_dead().size() == 1);
  CHECK(world.table.recently_dead()[0].start_ticks == first.start_ticks);
  CHECK(world.table.recently_dead()[0].group == "nginx");
}

TEST_CASE("what a process used never falls, though another source may round otherwise") {
  World world;
  TreeProcess process = Web(7);
  process.start_ticks = kExporterStart + 1;
  process.user_ticks = 100;
  process.major_faults = 9;
  world.tree.Put(process);
  world.Pass(40);
  process.user_ticks = 99;
  process.major_faults = 8;
  world.tree.Put(process);
  world.Pass(41);
  CHECK(world.Find(7)->sample.cpu_ticks == 100);
  CHECK(world.Find(7)->sample.major_faults == 9);
  CHECK(world.Find(7)->cpu_ticks_spent == 0);
  process.user_ticks = 101;
  world.tree.Put(process);
  world.Pass(42);
  CHECK(world.Find(7)->cpu_ticks_spent == 1);
  CHECK(world.Find(7)->group->cpu_ticks == 101);
}

TEST_CASE("an exec starts a new life of the same process") {
  World world;
  TreeProcess process = Web(7);
  process.comm = "sh";
  process.exe = "/bin/dash";
  process.user_ticks = 100;
  process.start_ticks = kExporterStart + 1;
  world.tree.Put(process);
  world.Pass(40);
  world.Pass(41);
  CHECK(world.GroupOf(7) == "dash");
  CHECK(world.groups.Find("dash").cpu_ticks == 100);

  process.comm = "nginx";
  process.exe = "/usr/sbin/nginx";
  process.arg_start += 4096;
  process.user_ticks = 150;
  world.tree.Put(process);
  world.Pass(42);
  CHECK_FALSE(world.Exported(7));
  world.Pass(43);
  CHECK(world.GroupOf(7) == "nginx");
  CHECK(world.Exported(7));
  CHECK(world.groups.Find("dash").cpu_ticks == 100);
  CHECK(world.groups.Find("nginx").cpu_ticks == 50);
  CHECK(world.table.exported()[0]->labels == R"(pid="7",comm="nginx",group="nginx")");
}

TEST_CASE("where the arguments' address is hidden, a changed comm is taken for an exec") {
  World world;
  TreeProcess process = Web(7);
  process.arg_start = 0;
  world.tree.Put(process);
  world.Pass(0);
  const uint64_t life = world.Find(7)->life;
  process.comm = "worker";
  world.tree.Put(process);
  world.Pass(1);
  CHECK(world.Find(7)->life != life);
}

TEST_CASE("a process that renames itself keeps its life and shows its new name") {
  World world;
  TreeProcess process = Web(7);
  world.tree.Put(process);
  world.Pass(0);
  world.Pass(1);
  const uint64_t life = world.Find(7)->life;
  process.comm = "worker";
  world.tree.Put(process);
  world.Pass(2);
  CHECK(world.Find(7)->life == life);
  REQUIRE(world.Exported(7));
  CHECK(world.table.exported()[0]->labels == R"(pid="7",comm="worker",group="nginx")");
}

TEST_CASE("a process that changes its user shows the new one") {
  World world;
  TreeProcess process = Web(7);
  process.uid = 0;
  world.tree.Put(process);
  world.Pass(0);
  world.Pass(1);
  CHECK(world.Find(7)->names.user == "root");
  process.uid = 33;
  world.tree.Put(process);
  world.Pass(2);
  world.Pass(3);
  CHECK(world.Find(7)->names.user == "web");
  CHECK(world.GroupOf(7) == "nginx");
  CHECK_THAT(world.table.exported()[0]->info_labels, ContainsText(R"(user="web")"));
}

TEST_CASE("a group counts nothing of what older members used before the exporter came") {
  World world;
  TreeProcess process = Web(7);
  process.start_ticks = 1000;
  process.user_ticks = 90'000;
  process.major_faults = 50;
  world.tree.Put(process);
  world.Pass(0);
  world.Pass(1);
  const Group& group = world.groups.Find("nginx");
  CHECK(group.cpu_ticks == 0);
  CHECK(group.major_faults == 0);
  process.user_ticks += 7;
  process.major_faults += 2;
  world.tree.Put(process);
  world.Pass(2);
  CHECK(group.cpu_ticks == 7);
  CHECK(group.major_faults == 2);
}

TEST_CASE("a group's counters never fall when members die, and take newborn ones in whole") {
  World world;
  TreeProcess old = Web(7);
  old.user_ticks = 500;
  world.tree.Put(old);
  world.Pass(0);
  world.Pass(1);
  old.user_ticks = 600;
  world.tree.Put(old);
  TreeProcess young = Web(8);
  young.start_ticks = kExporterStart + 100;
  young.user_ticks = 30;
  world.tree.Put(young);
  world.Pass(2);
  const Group& group = world.groups.Find("nginx");
  CHECK(group.cpu_ticks == 100);
  world.Pass(3);
  CHECK(group.cpu_ticks == 130);
  world.tree.Remove(7);
  world.tree.Remove(8);
  world.Pass(4);
  CHECK(group.cpu_ticks == 130);
  CHECK(group.sums.processes == 0);
}

TEST_CASE("one that could not be read for a while is not counted twice") {
  World world;
  TreeProcess process = Web(7);
  process.start_ticks = kExporterStart + 1;
  process.user_ticks = 50;
  world.tree.Put(process);
  world.Pass(40);
  world.Pass(41);
  CHECK(world.groups.Find("nginx").cpu_ticks == 50);
  CHECK(world.Exported(7));
  world.tree.Write(world.tree.ProcessPath(7) / "status", "VmRSS: broken\n");
  world.Pass(42);
  CHECK(world.table.counts().malformed == 1);
  CHECK_FALSE(world.Exported(7));
  process.user_ticks = 60;
  world.tree.Put(process);
  world.Pass(43);
  CHECK(world.groups.Find("nginx").cpu_ticks == 60);
  CHECK(world.Exported(7));
}

TEST_CASE("the small and the young are in their group's sums only") {
  World world;
  TreeProcess small = Web(7);
  small.resident_kib = 1024;
  world.tree.Put(small);
  TreeProcess young = Web(8);
  young.start_ticks = kExporterStart;
  world.tree.Put(young);
  world.tree.Put(Web(9));
  world.Pass(1);
  world.Pass(2);
  CHECK_FALSE(world.Exported(7));
  CHECK_FALSE(world.Exported(8));
  CHECK(world.Exported(9));
  CHECK(world.groups.Find("nginx").sums.processes == 3);
  CHECK(world.table.counts().exported == 1);
  CHECK(world.table.counts().grouped == 2);
  world.Pass(30);
  CHECK(world.Exported(8));
}

TEST_CASE("kernel threads are one group, whatever they call themselves") {
  World world;
  TreeProcess thread = Web(7);
  thread.flags = 0x00208040;
  thread.resident_kib.reset();
  thread.comm = "kworker/0:1-events";
  thread.exe = "";
  world.tree.Put(thread);
  world.Pass(0);
  CHECK(world.GroupOf(7) == "(kernel)");
  const uint64_t life = world.Find(7)->life;
  thread.comm = "kworker/0:1-mm";
  world.tree.Put(thread);
  world.Pass(1);
  CHECK(world.Find(7)->life == life);
  CHECK_FALSE(world.Exported(7));
}

TEST_CASE("a process that becomes a zombie is no longer exported and stays in its group") {
  World world;
  TreeProcess process = Web(7);
  world.tree.Put(process);
  world.Pass(0);
  world.Pass(1);
  REQUIRE(world.Exported(7));
  process.state = 'Z';
  process.arg_start = 0;
  process.resident_kib.reset();
  process.exe = "";
  process.cmdline = "";
  world.tree.Put(process);
  world.Pass(2);
  CHECK_FALSE(world.Exported(7));
  CHECK(world.GroupOf(7) == "nginx");
  CHECK_FALSE(world.groups.Find("nginx").sums.Memory(MemoryField::kResident));
}

TEST_CASE("the dead are kept for a minute") {
  World world;
  world.tree.Put(Web(7));
  world.Pass(0);
  world.Pass(1);
  world.tree.Remove(7);
  world.Pass(2);
  REQUIRE(world.table.recently_dead().size() == 1);
  CHECK(world.table.recently_dead()[0].memory.Footprint() == 20 * kMiB);
  world.Pass(61.9);
  CHECK(world.table.recently_dead().size() == 1);
  world.Pass(62);
  CHECK(world.table.recently_dead().empty());
}

TEST_CASE("soft limits are read once a minute") {
  World world;
  world.tree.Put(Web(7));
  world.Pass(0);
  world.Pass(1);
  REQUIRE(world.Exported(7));
  CHECK(world.table.exported()[0]->max_fds == 1024u);
  world.tree.Write(world.tree.ProcessPath(7) / "limits",
                   "Max open files            99                   99                   files\n");
  world.Pass(60);
  CHECK(world.table.exported()[0]->max_fds == 1024u);
  world.Pass(61);
  CHECK(world.table.exported()[0]->max_fds == 99u);
}

TEST_CASE("members of a forgotten group are counted together and come back by growing") {
  World world;
  TreeProcess small = Web(1);
  small.exe = "/bin/small";
  small.resident_kib = 1;
  world.tree.Put(small);
  const auto count = static_cast<int>(GroupTable::kMaxGroups);
  for (int pid = 2; pid <= count + 1; ++pid) {
    TreeProcess process = Web(pid);
    process.exe = "/bin/p" + std::to_string(pid);
    process.resident_kib = static_cast<uint64_t>(100 + pid);
    world.tree.Put(process);
  }
  world.Pass(0);
  world.Pass(1);
  CHECK(world.GroupOf(1) == "(other)");
  CHECK(world.groups.size() == GroupTable::kMaxGroups);
  small.resident_kib = 64 * 1024;
  world.tree.Put(small);
  world.Pass(2);
  CHECK(world.GroupOf(1) == "small");
  CHECK(world.groups.size() == GroupTable::kMaxGroups);
}

}  // namespace memleak
