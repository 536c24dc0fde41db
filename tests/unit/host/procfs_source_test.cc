#include "exporter/host/process/procfs_source.h"

#include <filesystem>
#include <map>

#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

constexpr Needs kAll{
    .processes = true, .memory = true, .fds = true, .limits = true, .node = {.meminfo = true}};

struct Seen : ProcessSink {
  void OnProcess(const ProcessSample& sample) override { samples[sample.pid] = sample; }
  void OnUnreadable(int32_t pid, ReadStatus status) override { unreadable[pid] = status; }

  std::map<int32_t, ProcessSample> samples;
  std::map<int32_t, ReadStatus> unreadable;
};

struct Host {
  ProcTree tree;
  ProcFs procfs{tree.path()};
  ProcfsSource source{procfs};

  Seen Read(const Needs& needs = kAll) {
    Seen seen;
    REQUIRE(source.Read(needs, seen));
    return seen;
  }
};

TreeProcess WithPid(int pid) {
  TreeProcess process;
  process.pid = pid;
  return process;
}

}  // namespace

TEST_CASE("a process's sample is what its files say") {
  Host host;
  TreeProcess process = WithPid(42);
  process.comm = "a (b) c";
  process.user_ticks = 30;
  process.system_ticks = 12;
  process.major_faults = 5;
  process.threads = 7;
  process.uid = 1000;
  process.fds = 4;
  host.tree.Put(process);
  const ProcessSample sample = host.Read().samples.at(42);
  CHECK(sample.comm.view() == "a (b) c");
  CHECK(sample.start_ticks == 1000);
  CHECK(sample.cpu_ticks == 42);
  CHECK(sample.major_faults == 5);
  CHECK(sample.threads == 7);
  CHECK(sample.uid == 1000u);
  CHECK(sample.open_fds == 4u);
  CHECK(sample.memory.Get(MemoryField::kResident) == uint64_t{1024} * 1024);
  CHECK(sample.memory.Footprint() == uint64_t{512} * 1024);
}

TEST_CASE("what nobody needs is not read") {
  Host host;
  host.tree.Put(WithPid(42));
  const Needs only_processes{.processes = true};
  const ProcessSample sample = host.Read(only_processes).samples.at(42);
  CHECK(sample.start_ticks == 1000);
  CHECK(sample.memory.empty());
  CHECK_FALSE(sample.open_fds);
}

TEST_CASE("a process that vanishes between any two reads is gone") {
  Host host;
  host.tree.Put(WithPid(1));
  const std::string missing = GENERATE(as<std::string>(), "stat", "status", "fd");
  host.tree.Put(WithPid(42));
  std::filesystem::remove_all(host.tree.ProcessPath(42) / missing);
  const Seen seen = host.Read();
  CHECK(seen.unreadable.at(42) == ReadStatus::kGone);
  CHECK_FALSE(seen.samples.contains(42));
  CHECK(seen.samples.contains(1));
}

TEST_CASE("a process whose files are not what the kernel prints is malformed") {
  Host host;
  const std::string file = GENERATE(as<std::string>(), "stat", "status");
  const std::string text = GENERATE(as<std::string>(), "", "garbage", "42 (x) S 1", "VmRSS: 1");
  host.tree.Put(WithPid(42));
  host.tree.Write(host.tree.ProcessPath(42) / file, text);
  CHECK(host.Read().unreadable.at(42) == ReadStatus::kMalformed);
}

TEST_CASE("a stat line of another pid is malformed") {
  Host host;
  host.tree.Put(WithPid(42));
  host.tree.Write(host.tree.ProcessPath(42) / "stat", ProcTree::Stat(WithPid(43)));
  CHECK(host.Read().unreadable.at(42) == ReadStatus::kMalformed);
}

TEST_CASE("kernel threads and zombies have neither memory nor descriptors") {
  Host host;
  TreeProcess thread = WithPid(2);
  thread.flags = 0x00208040;
  thread.resident_kib.reset();
  host.tree.Put(thread);
  TreeProcess zombie = WithPid(3);
  zombie.state = 'Z';
  zombie.resident_kib.reset();
  host.tree.Put(zombie);
  const Seen seen = host.Read();
  CHECK(seen.samples.at(2).kernel_thread);
  CHECK_FALSE(seen.samples.at(3).kernel_thread);
  for (const int pid : {2, 3}) {
    CHECK(seen.samples.at(pid).memory.empty());
    CHECK_FALSE(seen.samples.at(pid).open_fds);
  }
}

TEST_CASE("a soft limit is read of the identity that was meant") {
  Host host;
  host.tree.Put(WithPid(42));
  CHECK(host.source.ReadMaxFds(42, 1000) == 1024u);
  CHECK_FALSE(host.source.ReadMaxFds(42, 1001));
  CHECK_FALSE(host.source.ReadMaxFds(43, 1000));
  host.tree.Write(host.tree.ProcessPath(42) / "limits", "nonsense");
  CHECK_FALSE(host.source.ReadMaxFds(42, 1000));
}

}  // namespace memleak
