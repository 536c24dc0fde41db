#include "exporter/host/process/bpf/bpf_source.h"

#include <unistd.h>

#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

constexpr Needs kAll{.processes = true, .memory = true, .fds = true};
constexpr uint64_t kPage = 4096;
constexpr uint64_t kTicks = 100;
constexpr uint64_t kTickNs = 10'000'000;
constexpr uint32_t kKernelThread = 0x00200000;

TaskRecord Record(int32_t pid) {
  TaskRecord record{};
  record.pid = pid;
  record.uid = 33;
  record.flags = MEMLEAK_TASK_HAS_MEMORY;
  record.state = 1;
  record.threads = 3;
  record.open_fds = 9;
  record.start_ns = 1000 * kTickNs + 1;
  record.cpu_ns = 42 * kTickNs + kTickNs - 1;
  record.major_faults = 5;
  record.arg_start = 0x7ffc0000;
  record.rss[MEMLEAK_RSS_FILE] = 1;
  record.rss[MEMLEAK_RSS_ANON] = 20;
  record.rss[MEMLEAK_RSS_SWAP] = 300;
  record.rss[MEMLEAK_RSS_SHMEM] = 4000;
  record.peak_resident = 5000;
  record.total = 100'000;
  record.peak_total = 110'000;
  record.executable = 50;
  record.code_begin = 0x1100;
  record.code_end = 0x3200;
  record.page_table_bytes = 77 * 1024;
  std::strcpy(record.comm, "web server");
  return record;
}

ProcessSample Sample(const TaskRecord& record, const Needs& needs = kAll) {
  return SampleOf(record, needs, kPage, kTicks);
}

// What a kernel would have handed over.
struct Script {
  std::vector<TaskRecord> records;
  bool fails = false;
  int passes = 0;
};

class ScriptedIterator : public TaskIterator {
 public:
  explicit ScriptedIterator(Script& script) : script_(script) {}

  bool Read(const Wanted& /*wanted*/, Records& records, std::string& why) override {
    ++script_.passes;
    if (script_.fails) {
      why = "out of order";
      return false;
    }
    records.clear();
    for (const TaskRecord& record : script_.records) records.push_back(&record);
    return true;
  }
  Way way() const override { return Way::kOpenCoded; }

 private:
  Script& script_;
};

struct Seen : ProcessSink {
  void OnProcess(const ProcessSample& sample) override {
    order.push_back(sample.pid);
    samples[sample.pid] = sample;
  }
  void OnUnreadable(int32_t pid, ReadStatus status) override {
    order.push_back(pid);
    unreadable[pid] = status;
  }

  std::vector<int32_t> order;
  std::map<int32_t, ProcessSample> samples;
  std::map<int32_t, ReadStatus> unreadable;
};

struct Host {
  ProcTree tree;
  Script script;
  ProcFs procfs{tree.path()};
  ProcfsSource files{procfs};
  BpfSource source{std::make_unique<ScriptedIterator>(script), procfs, files};

  Seen Read(const Needs& needs = kAll) {
    Seen seen;
    REQUIRE(source.Read(needs, seen));
    return seen;
  }
  void PutFile(int pid, std::string comm = "of a file") {
    TreeProcess process;
    process.pid = pid;
    process.comm = std::move(comm);
    tree.Put(process);
  }
};

}  // namespace

TEST_CASE("a record becomes a sample as /proc would tell it") {
  const ProcessSample sample = Sample(Record(42));
  CHECK(sample.pid == 42);
  CHECK(sample.comm.view() == "web server");
  CHECK(sample.start_ticks == 1000);
  CHECK(sample.cpu_ticks == 42);
  CHECK(sample.major_faults == 5);
  CHECK(sample.threads == 3);
  CHECK(sample.uid == 33u);
  CHECK(sample.open_fds == 9u);
  CHECK(sample.arg_start == 0x7ffc0000);
  CHECK(sample.state == 'S');
  CHECK_FALSE(sample.kernel_thread);
  const std::pair<MemoryField, uint64_t> expected[] = {
      {MemoryField::kResident, 4021 * kPage},
      {MemoryField::kAnon, 20 * kPage},
      {MemoryField::kFile, 1 * kPage},
      {MemoryField::kShmem, 4000 * kPage},
      {MemoryField::kSwap, 300 * kPage},
      {MemoryField::kPeakResident, 5000 * kPage},
      {MemoryField::kVirtual, 100'000 * kPage},
      {MemoryField::kPageTable, 77 * 1024},
      {MemoryField::kPeakVirtual, 110'000 * kPage},
      // From the page in which the code begins to the one in which it ends.
      {MemoryField::kExe, 3 * kPage},
      {MemoryField::kLib, 47 * kPage}};
  for (const auto& [field, bytes] : expected) {
    INFO(static_cast<int>(field));
    CHECK(sample.memory.Get(field) == bytes);
  }
}

TEST_CASE("a peak is never below what is there now") {
  TaskRecord record = Record(42);
  record.peak_resident = 1;
  record.peak_total = 1;
  const ProcessSample sample = Sample(record);
  CHECK(sample.memory.Get(MemoryField::kPeakResident) == 4021 * kPage);
  CHECK(sample.memory.Get(MemoryField::kPeakVirtual) == 100'000 * kPage);
}

TEST_CASE("a name of the full length has no end") {
  TaskRecord record = Record(42);
  std::memset(record.comm, 'x', sizeof(record.comm));
  CHECK(Sample(record).comm.view() == std::string(16, 'x'));
}

TEST_CASE("states are called as in /proc/PID/stat") {
  const std::pair<uint32_t, char> states[] = {{0, 'R'},     {1, 'S'},    {2, 'D'},    {4, 'T'},
                                              {8, 't'},     {0x10, 'X'}, {0x20, 'Z'}, {0x40, 'P'},
                                              {0x402, 'I'}, {0x82, 'D'}, {0x102, 'D'}};
  for (const auto& [bits, letter] : states) {
    TaskRecord record = Record(42);
    record.state = bits;
    INFO(bits);
    CHECK(Sample(record).state == letter);
  }
}

TEST_CASE("who has no memory of its own has no memory, and not 0") {
  TaskRecord kernel = Record(42);
  kernel.pf_flags = kKernelThread;
  TaskRecord zombie = Record(42);
  zombie.state = 0x20;
  for (const TaskRecord& record : {kernel, zombie}) {
    const ProcessSample sample = Sample(record);
    CHECK(sample.memory.empty());
    CHECK_FALSE(sample.open_fds);
    CHECK_FALSE(sample.uid);
    CHECK(sample.start_ticks == 1000);
  }
  CHECK(Sample(kernel).kernel_thread);

  TaskRecord leaving = Record(42);
  leaving.flags = 0;
  CHECK(Sample(leaving).memory.empty());
  CHECK(Sample(leaving).uid == 33u);
}

TEST_CASE("a sample holds what was asked for") {
  const ProcessSample sample = Sample(Record(42), Needs{.processes = true});
  CHECK(sample.memory.empty());
  CHECK_FALSE(sample.open_fds);
}

TEST_CASE("whoever has no record and stands in /proc is read there, in order") {
  Host host;
  host.PutFile(1, "hidden");
  host.PutFile(50, "hidden too");
  host.PutFile(70, "and the last");
  host.script.records = {Record(7), Record(60)};
  for (int pass = 0; pass < 3; ++pass) {
    const Seen seen = host.Read();
    CHECK(seen.order == std::vector<int32_t>{1, 7, 50, 60, 70});
    CHECK(seen.samples.at(1).comm.view() == "hidden");
    CHECK(seen.samples.at(7).comm.view() == "web server");
  }
}

TEST_CASE("a process without a leader for a moment is not taken for dead") {
  Host host;
  host.script.records = {Record(7), Record(60)};
  host.Read();
  // In the middle of an exec.
  host.script.records = {Record(60)};
  host.PutFile(7, "executing");
  CHECK(host.Read().samples.at(7).comm.view() == "executing");
  host.tree.Remove(7);
  CHECK(host.Read().order == std::vector<int32_t>{60});
  // And is not looked for again.
  host.PutFile(7);
  CHECK(host.Read().order == std::vector<int32_t>{60});
}

TEST_CASE("what a record cut is read from /proc") {
  const uint32_t cut = GENERATE(MEMLEAK_TASK_FDS_CUT, MEMLEAK_TASK_THREADS_CUT);
  Host host;
  host.script.records = {Record(7), Record(8)};
  for (TaskRecord& record : host.script.records) record.flags |= cut;
  host.PutFile(7);
  const Seen seen = host.Read();
  CHECK(seen.samples.at(7).comm.view() == "of a file");
  CHECK(seen.unreadable.at(8) == ReadStatus::kGone);
}

TEST_CASE("a pass that fails says nothing of anybody") {
  Host host;
  host.script.records = {Record(7)};
  host.script.fails = true;
  Seen seen;
  CHECK_FALSE(host.source.Read(kAll, seen));
  CHECK(host.source.error() == "out of order");
  CHECK(seen.order.empty());
}

TEST_CASE("a kernel that tells otherwise than /proc is not believed") {
  Script script;
  ProcFs procfs{"/proc"};
  ProcfsSource files{procfs};
  ProcessSample own;
  REQUIRE(files.ReadOne(getpid(), kAll, own) == ReadStatus::kOk);
  TaskRecord record = Record(getpid());
  record.uid = own.uid.value();
  record.start_ns = own.start_ticks * kTickNs;
  record.rss[MEMLEAK_RSS_FILE] = 0;
  record.rss[MEMLEAK_RSS_SHMEM] = 0;
  record.rss[MEMLEAK_RSS_ANON] =
      static_cast<int64_t>(own.memory.Get(MemoryField::kResident).value() / kPage);
  const auto why_not = [&](const TaskRecord& told) {
    script.records = {told};
    std::string why;
    const auto source =
        BpfSource::Make(std::make_unique<ScriptedIterator>(script), procfs, files, why);
    CHECK((source == nullptr) == !why.empty());
    return why;
  };
  CHECK(why_not(record).empty());

  TaskRecord other = record;
  other.pid = 1;
  CHECK(why_not(other) == "the task iterator does not show this very process");
  other = record;
  other.start_ns += 5 * kTickNs;
  CHECK(why_not(other) == "the task iterator counts time or users otherwise than /proc");
  other = record;
  ++other.uid;
  CHECK(why_not(other) == "the task iterator counts time or users otherwise than /proc");
  other = record;
  other.rss[MEMLEAK_RSS_ANON] += 1'000'000;
  CHECK(why_not(other) == "the task iterator does not understand how this kernel counts memory");
}

}  // namespace memleak
