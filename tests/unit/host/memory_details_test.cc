#include "exporter/host/process/memory_details.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "exporter/host/evidence/mappings.h"
#include "exporter/host/process/proc_stat.h"
#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

UniqueFd OpenDirectory(const std::string& path) {
  UniqueFd directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(directory);
  return directory;
}

uint64_t OwnStartTicks() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return ParseProcStat(text)->start_ticks;
}

std::string Smaps(uint64_t rss_kib) {
  return "1000-2000 rw-p 00000000 00:00 0 [heap]\nRss: " + std::to_string(rss_kib) +
         " kB\nPss: 1 kB\nSwap: 0 kB\n";
}

// A tree of processes whose smaps a test writes.
struct Tree {
  explicit Tree(int processes = 1) {
    for (int pid = 1; pid <= processes; ++pid) {
      TreeProcess process;
      process.pid = pid;
      tree.Put(process);
      tree.Write(std::to_string(pid) + "/maps", "not empty\n");
      tree.Write(std::to_string(pid) + "/smaps", Smaps(static_cast<uint64_t>(pid)));
    }
  }
  // A file whose reader waits for a writer.
  void Block(int pid) {
    const std::string path = tree.ProcessPath(pid).string() + "/smaps";
    std::filesystem::remove(path);
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  }
  // Ends the wait, as if the process had no memory.
  void Unblock(int pid) {
    const UniqueFd writer(
        open((tree.ProcessPath(pid).string() + "/smaps").c_str(), O_WRONLY | O_CLOEXEC));
  }

  ProcTree tree;
  uint64_t start = TreeProcess().start_ticks;
};

}  // namespace

TEST_CASE("of a live process the lines of status and the largest regions are read") {
  constexpr size_t kSize = 64 * kMiB;
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  MemoryDetailsReader reader(OpenDirectory("/proc").get());
  const MemoryDetails details = reader.Read(getpid(), OwnStartTicks(), std::nullopt);
  munmap(memory, kSize);

  CHECK(details.status.size() >= 10);
  CHECK(details.status[0].name == "VmPeak");
  CHECK(details.regions_missing.empty());
  // Among the largest, as a sanitizer has larger ones of its own.
  const auto begin = reinterpret_cast<uint64_t>(memory);
  const auto ours = std::find_if(
      details.regions.begin(), details.regions.end(),
      [&](const Region& region) { return region.start <= begin && region.end >= begin + kSize; });
  REQUIRE(ours != details.regions.end());
  CHECK(ours->resident >= kSize);
  CHECK(ours->permissions == "rw-p");
  CHECK(details.regions.size() <= 10);
  CHECK(details.reading > 0);
}

TEST_CASE("another process of the same pid is not told for it") {
  MemoryDetailsReader reader(OpenDirectory("/proc").get());
  const MemoryDetails details = reader.Read(getpid(), OwnStartTicks() + 1, std::nullopt);
  CHECK(details.status.empty());
  CHECK(details.regions.empty());
  CHECK(details.regions_missing == "gone");
}

TEST_CASE("a process without memory has no regions") {
  Tree tree;
  tree.tree.Write("1/smaps", "");
  MemoryDetailsReader reader(OpenDirectory(tree.tree.path()).get());
  CHECK(reader.Read(1, tree.start, std::nullopt).regions_missing == "no memory");
}

TEST_CASE("regions are read no more than once in ten seconds") {
  Tree tree;
  MemoryDetailsReader reader(OpenDirectory(tree.tree.path()).get());
  const MemoryDetails first = reader.Read(1, tree.start, 1);
  REQUIRE(first.regions.size() == 1);
  CHECK(first.regions[0].resident == 1024);
  tree.tree.Write("1/smaps", Smaps(50));
  const MemoryDetails second = reader.Read(1, tree.start, 1);
  CHECK(second.regions[0].resident == 1024);
  CHECK(second.reading == first.reading);
}

TEST_CASE("a large process is not asked for its regions") {
  Tree tree;
  MemoryDetailsReader reader(OpenDirectory(tree.tree.path()).get());
  const MemoryDetails details = reader.Read(1, tree.start, Mappings::kMaxResident + 1);
  CHECK(details.regions_missing == "too large");
  CHECK(!details.status.empty());
  CHECK(reader.Read(1, tree.start, Mappings::kMaxResident).regions.size() == 1);
}

TEST_CASE("a process that makes its reader wait is late, and holds up no other for long") {
  Tree tree(2);
  tree.Block(1);
  MemoryDetailsReader reader(OpenDirectory(tree.tree.path()).get());
  CHECK(reader.Read(1, tree.start, std::nullopt).regions_missing == "late");
  // It is not asked again, nor waited for.
  CHECK(reader.Read(1, tree.start, std::nullopt).regions_missing == "late");
  CHECK(reader.Read(2, tree.start, std::nullopt).regions.size() == 1);
  tree.Unblock(1);
}

TEST_CASE("regions are read of one process at a time") {
  // One less than may be late: then all would be refused.
  constexpr int kLate = static_cast<int>(MemoryDetailsReader::kMaxLate) - 1;
  Tree tree(kLate);
  for (int pid = 1; pid <= kLate; ++pid) tree.Block(pid);
  MemoryDetailsReader reader(OpenDirectory(tree.tree.path()).get());
  // Waits for one after the other, each for a second.
  std::atomic<bool> over{false};
  std::thread other([&] {
    for (int pid = 1; pid <= kLate; ++pid) {
      while (reader.Read(pid, tree.start, std::nullopt).regions_missing == "reading") {
        std::this_thread::yield();
      }
    }
    over = true;
  });
  // Nobody has these start times: each is a reading of its own.
  std::string_view missing;
  for (uint64_t i = 1; missing != "reading" && !over; ++i) {
    missing = reader.Read(1, tree.start + i, std::nullopt).regions_missing;
    std::this_thread::yield();
  }
  CHECK(missing == "reading");
  other.join();
  for (int pid = 1; pid <= kLate; ++pid) tree.Unblock(pid);
}

TEST_CASE("when too many are late, no more are begun") {
  constexpr int kLate = static_cast<int>(MemoryDetailsReader::kMaxLate);
  Tree tree(kLate + 1);
  MemoryDetailsReader reader(OpenDirectory(tree.tree.path()).get());
  for (int pid = 1; pid <= kLate; ++pid) {
    tree.Block(pid);
    CHECK(reader.Read(pid, tree.start, std::nullopt).regions_missing == "late");
  }
  CHECK(reader.Read(kLate + 1, tree.start, std::nullopt).regions_missing == "reading");
  for (int pid = 1; pid <= kLate; ++pid) tree.Unblock(pid);
}

}  // namespace memleak
