#include "exporter/model/evidence/evidence_table.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "exporter/host/file_reader.h"
#include "exporter/host/process/proc_stat.h"
#include "exporter/host/procfs.h"
#include "tests/catch.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr double kPeriod = 10;
constexpr std::chrono::seconds kLong{60};
constexpr std::chrono::milliseconds kAmple{60'000};
constexpr Needs kMappingsOnly = {.processes = true, .memory = true, .mappings = true};

// A child that holds `mappings` mappings of a page and waits to be killed.
class Child {
 public:
  explicit Child(size_t mappings = 0) {
    int done[2];
    REQUIRE(pipe(done) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      constexpr size_t kPage = 4096;
      if (mappings > 0) {
        void* memory = mmap(nullptr, mappings * kPage, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) _exit(1);
        for (size_t i = 0; i < mappings; i += 2) {
          if (mprotect(static_cast<char*>(memory) + i * kPage, kPage, PROT_READ) != 0) _exit(1);
        }
      }
      if (write(done[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    close(done[1]);
    char byte = 0;
    const bool ready = read(done[0], &byte, 1) == 1;
    close(done[0]);
    REQUIRE(ready);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

PassTime At(double monotonic) {
  PassTime time;
  time.monotonic = monotonic;
  return time;
}

// The table on /proc, with processes that the test describes and a clock of the test's.
struct World {
  explicit World(std::chrono::milliseconds budget = kAmple,
                 std::set<std::string, std::less<>> groups = {}, double period = kPeriod)
      : table({std::move(groups), budget, period}, procfs.fd()) {}

  // A row for a real process, as the process table has it: a suspect of that size.
  Process& Add(pid_t pid, uint64_t resident = kMiB) {
    Process& process = rows.emplace_back();
    process.life = rows.size();
    process.sample.pid = pid;
    process.sample.start_ticks = StartTicks(pid);
    process.sample.memory.Set(MemoryField::kResident, resident);
    process.tracked.standing.suspect = true;
    exported.push_back(&process);
    return process;
  }

  void Update(double now, const Needs& needs = kMappingsOnly) {
    REQUIRE(table.WaitIdle(kLong));
    table.Update(needs, exported, At(now));
  }

  uint64_t Count(EvidenceKind kind, EvidenceResult result) const {
    return table.counts()[static_cast<size_t>(kind)][static_cast<size_t>(result)];
  }
  uint64_t Count(EvidenceResult result) const { return Count(EvidenceKind::kMappings, result); }
  uint64_t Reads(EvidenceKind kind) const {
    const auto& counts = table.counts()[static_cast<size_t>(kind)];
    return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  }
  uint64_t Reads() const {
    return Reads(EvidenceKind::kFds) + Reads(EvidenceKind::kMappings) + Reads(EvidenceKind::kJvm);
  }

  uint64_t StartTicks(pid_t pid) const {
    FileReader reader;
    std::string_view text;
    const PidDir directory(procfs.fd(), pid);
    REQUIRE(reader.Read(directory.fd(), "stat", text) == ReadStatus::kOk);
    const auto stat = ParseProcStat(text);
    REQUIRE(stat);
    return stat->start_ticks;
  }

  ProcFs procfs{"/proc"};
  std::deque<Process> rows;
  std::vector<Process*> exported;
  EvidenceTable table;
};

const Mappings* Shown(const Process& process) {
  return process.evidence != nullptr ? process.evidence->mappings.Shown() : nullptr;
}
bool Known(const Process& process) {
  return process.evidence != nullptr && process.evidence->mappings.known();
}

}  // namespace

TEST_CASE("what is found about a suspect shows in the next pass, and is read once a period") {
  const Child child(100);
  World world;
  const Process& suspect = world.Add(child.pid());
  world.Update(0);
  CHECK(Shown(suspect) == nullptr);
  world.Update(1);
  REQUIRE(Shown(suspect) != nullptr);
  CHECK(Shown(suspect)->count > 100);
  CHECK(Shown(suspect)->Resident(MappingKind::kFile) > 0);
  CHECK(suspect.evidence->mappings.first_time == 1);
  CHECK(world.Count(EvidenceResult::kOk) == 1);
  CHECK(world.Reads() == 1);

  world.Update(kPeriod - 0.1);
  world.Update(kPeriod - 0.1);
  CHECK(world.Reads() == 1);
  world.Update(kPeriod);
  world.Update(kPeriod + 1);
  CHECK(world.Reads() == 2);
  CHECK(suspect.evidence->mappings.first_time == 1);
  CHECK(suspect.evidence->mappings.last_time == kPeriod + 1);
}

TEST_CASE("with no suspects nothing is asked for and nothing kept") {
  const Child child;
  World world;
  Process& process = world.Add(child.pid());
  process.tracked.standing.suspect = false;
  process.names.group = "quiet";
  process.names.runtime = "native";
  constexpr Needs kAll = {
      .processes = true, .memory = true, .fd_kinds = true, .mappings = true, .jvm = true};
  for (int pass = 0; pass < 5; ++pass) world.Update(pass * kPeriod, kAll);
  CHECK(world.Reads() == 0);
  CHECK(process.evidence == nullptr);
}

TEST_CASE("what no collector needs is not read") {
  const Child child;
  World world;
  Process& suspect = world.Add(child.pid());
  suspect.names.runtime = "java";
  for (int pass = 0; pass < 3; ++pass) {
    world.Update(pass * kPeriod, {.processes = true, .memory = true});
  }
  CHECK(world.Reads() == 0);
  CHECK(suspect.evidence == nullptr);
}

TEST_CASE("the members of a group that was named are read without suspicion") {
  const Child named;
  const Child other;
  World world(kAmple, {"named"});
  Process& member = world.Add(named.pid());
  Process& outsider = world.Add(other.pid());
  for (Process* process : {&member, &outsider}) process->tracked.standing.suspect = false;
  member.names.group = "named";
  outsider.names.group = "other";
  world.Update(0);
  world.Update(1);
  CHECK(Shown(member) != nullptr);
  CHECK(outsider.evidence == nullptr);
  CHECK(world.Reads() == 1);
}

TEST_CASE("of a suspected group its suspects are read, or else its largest member") {
  const Child first;
  const Child second;
  const Child third;
  Group group;
  group.tracked.standing.suspect = true;
  World world;
  for (const Child* child : {&first, &second, &third}) {
    Process& process = world.Add(child->pid());
    process.tracked.standing.suspect = false;
    process.group = &group;
  }
  world.rows[1].sample.memory.Set(MemoryField::kResident, 2 * kMiB);
  SECTION("the largest") {
    world.Update(0);
    world.Update(1);
    CHECK(Shown(world.rows[1]) != nullptr);
    CHECK(world.Reads() == 1);
  }
  SECTION("its suspect, however small") {
    world.rows[2].tracked.standing.suspect = true;
    world.Update(0);
    world.Update(1);
    CHECK(Shown(world.rows[2]) != nullptr);
    CHECK(world.Reads() == 1);
  }
  SECTION("none when the group is no suspect any more") {
    group.tracked.standing.suspect = false;
    world.Update(0);
    world.Update(1);
    CHECK(world.Reads() == 0);
  }
}

TEST_CASE("the heap of a JVM is looked for without suspicion, of nothing else") {
  constexpr Needs kJvm = {.processes = true, .memory = true, .jvm = true};
  const Child java;
  const Child native;
  World world;
  Process& jvm = world.Add(java.pid());
  Process& suspect = world.Add(native.pid());
  jvm.tracked.standing.suspect = false;
  jvm.names.runtime = "java";
  suspect.names.runtime = "native";
  world.Update(0, kJvm);
  world.Update(1, kJvm);
  CHECK(world.Reads(EvidenceKind::kJvm) == 1);
  CHECK(world.Reads() == 1);
  // It is none: there is nothing to show, and it is not asked in every pass.
  CHECK(world.Count(EvidenceKind::kJvm, EvidenceResult::kOk) == 0);
  CHECK(jvm.evidence->jvm.heap.Shown() == nullptr);
  CHECK(suspect.evidence == nullptr);
  world.Update(2, kJvm);
  world.Update(3, kJvm);
  CHECK(world.Reads() == 1);
}

TEST_CASE("evidence is shown while it is asked about and of today") {
  const Child child;
  World world;
  Process& suspect = world.Add(child.pid());
  world.Update(0);
  world.Update(1);
  REQUIRE(Shown(suspect) != nullptr);

  SECTION("not when the suspicion has ended, and again when it comes back") {
    suspect.tracked.standing.suspect = false;
    world.Update(2);
    CHECK(Shown(suspect) == nullptr);
    CHECK(Known(suspect));
    suspect.tracked.standing.suspect = true;
    world.Update(3);
    CHECK(Shown(suspect) != nullptr);
  }
  SECTION("not when the collector is not asked for") {
    world.Update(2, {.processes = true, .memory = true});
    CHECK(Shown(suspect) == nullptr);
  }
  SECTION("not when it cannot be read any more") {
    // Another process of that pid, as far as the table knows: each read finds it gone.
    ++suspect.sample.start_ticks;
    const double stale = 1 + EvidenceTable::kStalePeriods * kPeriod;
    for (double now = kPeriod; now < stale; now += kPeriod) {
      world.Update(now);
      CHECK(Shown(suspect) != nullptr);
    }
    world.Update(stale);
    CHECK(Shown(suspect) != nullptr);
    world.Update(stale + 0.1);
    CHECK(Shown(suspect) == nullptr);
    CHECK(world.Count(EvidenceResult::kGone) == 3);
    CHECK(world.Count(EvidenceResult::kOk) == 1);
  }
}

TEST_CASE("what was read of one life is not the next one's") {
  const Child child;
  World world;
  Process& row = world.Add(child.pid());
  world.Update(0);
  REQUIRE(world.table.WaitIdle(kLong));

  SECTION("when the row was taken by another process, which has no evidence yet") {
    ++row.life;
    row.evidence.reset();
    row.tracked.standing.suspect = false;
    world.Update(1);
    CHECK(row.evidence == nullptr);
  }
  SECTION("when the new one is asked about, too") {
    const Child successor;
    ++row.life;
    row.evidence = std::make_unique<Evidence>();
    row.sample.pid = successor.pid();
    row.sample.start_ticks = world.StartTicks(successor.pid());
    world.Update(1);
    CHECK_FALSE(Known(row));
    CHECK(world.Count(EvidenceResult::kOk) == 1);
    world.Update(2);
    CHECK(Known(row));
    CHECK(world.Count(EvidenceResult::kOk) == 2);
  }
  SECTION("when the row is free") {
    row.life = 0;
    row.evidence.reset();
    world.exported.clear();
    world.Update(1);
    CHECK(world.Count(EvidenceResult::kOk) == 1);
  }
}

TEST_CASE("a pid that is another process's by now is not read") {
  const Child child;
  World world;
  Process& suspect = world.Add(child.pid());
  ++suspect.sample.start_ticks;
  world.Update(0);
  world.Update(1);
  CHECK(world.Count(EvidenceResult::kGone) == 1);
  CHECK(world.Reads() == 1);
  CHECK_FALSE(Known(suspect));
}

TEST_CASE("what a round has no time for is late, and comes first in the next") {
  // Each takes some milliseconds: a round of one millisecond is over with the first of them.
  constexpr size_t kSuspects = 6;
  std::deque<Child> children;
  World world(std::chrono::milliseconds(1), {}, 1e9);
  for (size_t i = 0; i < kSuspects; ++i) {
    world.Add(children.emplace_back(size_t{8'000}).pid(), (i + 1) * kMiB);
  }
  const auto was_tried = [&](size_t i) {
    return world.rows[i].evidence->readings[static_cast<size_t>(EvidenceKind::kMappings)].asked !=
           Evidence::Reading::kNever;
  };
  // One pass asks, the next one hears of it and asks again: each takes the largest of those that
  // had no turn, and nobody has two turns in this period.
  size_t tried = 0;
  for (double now = 0; now < 10'000 && tried < kSuspects; ++now) {
    world.Update(now);
    REQUIRE(world.table.WaitIdle(kLong));
    std::vector<Process*> exported;
    exported.swap(world.exported);
    world.Update(now + 0.5);  // hears, and asks nobody
    world.exported.swap(exported);
    const size_t before = tried;
    tried = 0;
    for (size_t i = 0; i < kSuspects; ++i) {
      if (was_tried(i)) ++tried;
    }
    CHECK(tried >= before);
    for (size_t i = 1; i < kSuspects; ++i) CHECK((!was_tried(i - 1) || was_tried(i)));
  }
  CHECK(tried == kSuspects);
  CHECK(world.Count(EvidenceResult::kLate) > 0);
}

TEST_CASE("a reading that is cut again and again is tried ever less often") {
  const Child child;
  World world;
  const Process& suspect = world.Add(child.pid(), Mappings::kMaxResident + 1);
  std::vector<double> asked;
  uint64_t reads = 0;
  for (double now = 0; now <= 300 * kPeriod; now += kPeriod / 2) {
    world.Update(now);
    REQUIRE(world.table.WaitIdle(kLong));
    world.Update(now);  // hears of what it asked for
    if (world.Reads() == reads) continue;
    CHECK(world.Reads() == ++reads);
    asked.push_back(now / kPeriod);
  }
  CHECK(asked == std::vector<double>{0, 1, 3, 7, 15, 31, 63, 123, 183, 243});
  CHECK(world.Count(EvidenceResult::kCut) == reads);
  CHECK_FALSE(Known(suspect));

  // Shrunk, and read: from then on it is read as often as any other.
  world.rows[0].sample.memory.Set(MemoryField::kResident, kMiB);
  for (int pass = 0; pass < 4; ++pass) {
    world.Update((400 + pass) * kPeriod);
    world.Update((400 + pass) * kPeriod);
  }
  CHECK(world.Count(EvidenceResult::kOk) == 4);
}

}  // namespace memleak
