#include "exporter/host/evidence/mappings.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "exporter/host/procfs.h"
#include "tests/catch.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr std::chrono::minutes kLong{2};

char* Map(size_t size, int flags) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) _exit(1);
  return static_cast<char*>(memory);
}

void Touch(char* memory, size_t size) {
  for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
}

// Gives each page a mapping of its own: neighbours that differ are not merged.
void SplitIntoPages(char* memory, size_t size) {
  for (size_t at = 0; at < size; at += 8192) {
    if (mprotect(memory + at, 4096, PROT_READ) != 0) _exit(1);
  }
}

// A child that does `prepare` and then waits to be killed.
class Child {
 public:
  explicit Child(void (*prepare)()) {
    int done[2];
    REQUIRE(pipe(done) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      prepare();
      if (write(done[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    close(done[1]);
    char byte = 0;
    const bool prepared = read(done[0], &byte, 1) == 1;
    close(done[0]);
    REQUIRE(prepared);
  }
  ~Child() {
    if (pid_ <= 0) return;
    Kill();
    Reap();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void Kill() const { kill(pid_, SIGKILL); }
  // Kills it, and leaves it a zombie.
  void KillAndWait() const {
    Kill();
    siginfo_t info{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0);
  }
  void Reap() {
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

struct Reading {
  EvidenceResult result;
  Mappings mappings;
};

Reading Read(int process, EvidenceDeadline deadline = steady_clock::now() + kLong) {
  Reading reading{};
  reading.result = ReadMappings(process, deadline, reading.mappings);
  return reading;
}

Reading ReadOf(pid_t pid) {
  const ProcFs procfs("/proc");
  return Read(PidDir(procfs.fd(), pid).fd());
}

uint64_t Sum(const Mappings& mappings) {
  return std::accumulate(mappings.resident.begin(), mappings.resident.end(), uint64_t{0});
}

// A figure of /proc/PID/smaps_rollup, which the kernel adds up itself.
uint64_t RollupOf(pid_t pid, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string word;
  uint64_t kib = 0;
  while (file >> word) {
    if (word == key && file >> kib) return kib * 1024;
  }
  FAIL("no " << key);
  return 0;
}

// The directory of a process that is made of files.
struct Tree {
  explicit Tree(std::string_view smaps, std::string_view maps = "not empty\n") {
    tree.Write("1/smaps", smaps);
    tree.Write("1/maps", maps);
  }
  Reading Read(EvidenceDeadline deadline = steady_clock::now() + kLong) const {
    const UniqueFd process(open((tree.path() + "/1").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return memleak::Read(process.get(), deadline);
  }
  TemporaryTree tree;
};

constexpr std::string_view kHeap =
    "0153a000-0155b000 rw-p 00000000 00:00 0                                  [heap]\n"
    "Rss:                  20 kB\nPss:                  20 kB\nSwap:                  4 kB\n";

}  // namespace

TEST_CASE("the mappings of a real process are told apart, and sum up to what the kernel says") {
  const Child child([] {
    Touch(Map(7 * kMiB, MAP_PRIVATE), 7 * kMiB);
    Touch(Map(3 * kMiB, MAP_SHARED), 3 * kMiB);
    char* split = Map(4 * kMiB, MAP_PRIVATE);
    Touch(split, 4 * kMiB);
    SplitIntoPages(split, 4 * kMiB);
  });
  // Who else maps the same libraries comes and goes, and the child is on its way to sleep: until
  // nothing has changed meanwhile.
  const auto rollup = [&] {
    return std::pair(RollupOf(child.pid(), "Rss:"), RollupOf(child.pid(), "Pss:"));
  };
  Reading reading{};
  auto [resident, proportional] = rollup();
  for (auto before = std::pair(uint64_t{0}, uint64_t{0});
       before != std::pair(resident, proportional);) {
    before = std::pair(resident, proportional);
    reading = ReadOf(child.pid());
    std::tie(resident, proportional) = rollup();
  }
  REQUIRE(reading.result == EvidenceResult::kOk);
  const Mappings& mappings = reading.mappings;
  CHECK(mappings.count > 1000);
  CHECK(mappings.Resident(MappingKind::kAnonymous) >= 11 * kMiB);
  CHECK(mappings.Resident(MappingKind::kShared) == 3 * kMiB);
  CHECK(mappings.Resident(MappingKind::kFile) > 0);
  CHECK(mappings.Resident(MappingKind::kStack) > 0);
  CHECK(Sum(mappings) == resident);
  CHECK(mappings.proportional <= proportional);
  CHECK(mappings.proportional + mappings.count * 1024 > proportional);
}

TEST_CASE("what has no memory any more is gone") {
  Child child([] {});
  const ProcFs procfs("/proc");
  const PidDir pinned(procfs.fd(), child.pid());
  REQUIRE(Read(pinned.fd()).result == EvidenceResult::kOk);
  child.KillAndWait();
  CHECK(Read(pinned.fd()).result == EvidenceResult::kGone);
  child.Reap();
  CHECK(Read(pinned.fd()).result == EvidenceResult::kGone);
}

TEST_CASE("a process that ends while it is read is gone, and never half of what it was") {
  constexpr size_t kSize = 16 * kMiB;
  for (int round = 0; round < 20; ++round) {
    const Child child([] {
      char* memory = Map(kSize, MAP_PRIVATE);
      Touch(memory, kSize);
      SplitIntoPages(memory, kSize);
    });
    const ProcFs procfs("/proc");
    const PidDir pinned(procfs.fd(), child.pid());
    const pid_t killer = fork();
    if (killer == 0) {
      // Later in each round: in the middle in some, however fast this machine is.
      usleep(static_cast<useconds_t>(round) * 500);
      child.Kill();
      _exit(0);
    }
    const Reading reading = Read(pinned.fd());
    waitpid(killer, nullptr, 0);
    if (reading.result == EvidenceResult::kOk) {
      CHECK(reading.mappings.Resident(MappingKind::kAnonymous) >= kSize);
    } else {
      CHECK(reading.result == EvidenceResult::kGone);
    }
  }
}

TEST_CASE("an end of the text is the end of the process where maps has become empty") {
  CHECK(Tree(kHeap).Read().result == EvidenceResult::kOk);
  CHECK(Tree(kHeap, "").Read().result == EvidenceResult::kGone);
  CHECK(Tree("", "").Read().result == EvidenceResult::kGone);
  CHECK(Tree("").Read().result == EvidenceResult::kGone);
}

TEST_CASE("another user's process is denied without privilege") {
  if (geteuid() != 0) return;  // only root can become somebody else
  const Child child([] {});
  int result[2];
  REQUIRE(pipe(result) == 0);
  const pid_t nobody = fork();
  if (nobody == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
    const auto got = static_cast<char>(ReadOf(child.pid()).result);
    _exit(write(result[1], &got, 1) == 1 ? 0 : 1);
  }
  char got = 0;
  CHECK(read(result[0], &got, 1) == 1);
  waitpid(nobody, nullptr, 0);
  close(result[0]);
  close(result[1]);
  CHECK(static_cast<EvidenceResult>(got) == EvidenceResult::kDenied);
}

TEST_CASE("reading ends at its deadline") {
  CHECK(Tree(kHeap).Read(steady_clock::now()).result == EvidenceResult::kCut);
  const ProcFs procfs("/proc");
  CHECK(Read(PidDir(procfs.fd(), getpid()).fd(), steady_clock::now()).result ==
        EvidenceResult::kCut);
}

TEST_CASE("reading ends after so much text") {
  std::string text;
  while (text.size() < Mappings::kMaxBytes - kHeap.size()) text += kHeap;
  const Tree tree(text);
  CHECK(tree.Read().result == EvidenceResult::kOk);
  std::ofstream(tree.tree.path() + "/1/smaps", std::ios::app) << kHeap;
  CHECK(tree.Read().result == EvidenceResult::kCut);
}

TEST_CASE("smaps that is not understood is malformed") {
  CHECK(Tree("nonsense\n").Read().result == EvidenceResult::kMalformed);
  CHECK(Tree(kHeap.substr(0, kHeap.size() - 1)).Read().result == EvidenceResult::kMalformed);
}

}  // namespace memleak
