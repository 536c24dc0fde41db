#include "exporter/host/process/proc_status.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

// Linux 6.1; the order of the lines is that of fs/proc/array.c and fs/proc/task_mmu.c.
constexpr std::string_view kStatus =
    "Name:\tnginx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t42\nNgid:\t0\nPid:\t42\nPPid:\t1\n"
    "TracerPid:\t0\nUid:\t0\t33\t33\t33\nGid:\t33\t33\t33\t33\nFDSize:\t64\nGroups:\t33 \n"
    "NStgid:\t42\nNSpid:\t42\nNSpgid:\t42\nNSsid:\t42\nKthread:\t0\n"
    "VmPeak:\t  100001 kB\nVmSize:\t  100002 kB\nVmLck:\t       3 kB\nVmPin:\t       4 kB\n"
    "VmHWM:\t   10005 kB\nVmRSS:\t   10006 kB\nRssAnon:\t    7007 kB\nRssFile:\t    2998 kB\n"
    "RssShmem:\t       1 kB\nVmData:\t    8008 kB\nVmStk:\t     132 kB\nVmExe:\t     900 kB\n"
    "VmLib:\t    5005 kB\nVmPTE:\t     104 kB\nVmSwap:\t     256 kB\nHugetlbPages:\t       0 kB\n"
    "CoreDumping:\t0\nThreads:\t1\n";

}  // namespace

TEST_CASE("every Vm and Rss line of status is read in bytes") {
  const auto status = ParseProcStatus(kStatus);
  REQUIRE(status);
  const MemoryBytes& memory = status->memory;
  CHECK(memory.Get(MemoryField::kPeakVirtual) == uint64_t{100001} * 1024);
  CHECK(memory.Get(MemoryField::kVirtual) == uint64_t{100002} * 1024);
  CHECK(memory.Get(MemoryField::kLocked) == uint64_t{3} * 1024);
  CHECK(memory.Get(MemoryField::kPinned) == uint64_t{4} * 1024);
  CHECK(memory.Get(MemoryField::kPeakResident) == uint64_t{10005} * 1024);
  CHECK(memory.Get(MemoryField::kResident) == uint64_t{10006} * 1024);
  CHECK(memory.Get(MemoryField::kAnon) == uint64_t{7007} * 1024);
  CHECK(memory.Get(MemoryField::kFile) == uint64_t{2998} * 1024);
  CHECK(memory.Get(MemoryField::kShmem) == uint64_t{1} * 1024);
  CHECK(memory.Get(MemoryField::kData) == uint64_t{8008} * 1024);
  CHECK(memory.Get(MemoryField::kStack) == uint64_t{132} * 1024);
  CHECK(memory.Get(MemoryField::kExe) == uint64_t{900} * 1024);
  CHECK(memory.Get(MemoryField::kLib) == uint64_t{5005} * 1024);
  CHECK(memory.Get(MemoryField::kPageTable) == uint64_t{104} * 1024);
  CHECK(memory.Get(MemoryField::kSwap) == uint64_t{256} * 1024);
  CHECK(memory.Footprint() == uint64_t{7007 + 256} * 1024);
}

TEST_CASE("the user is the effective one") { CHECK(ParseProcStatus(kStatus)->uid == 33u); }

TEST_CASE("a status without memory lines knows no memory, not zero memory") {
  const auto status = ParseProcStatus("Name:\tkthreadd\nUid:\t0\t0\t0\t0\nThreads:\t1\n");
  REQUIRE(status);
  CHECK(status->memory.empty());
  CHECK_FALSE(status->memory.Get(MemoryField::kResident));
  CHECK_FALSE(status->memory.Footprint());
}

TEST_CASE("before Linux 4.5 there is no RssAnon and so no footprint") {
  const auto status = ParseProcStatus("VmRSS:\t 10 kB\nVmSwap:\t 0 kB\n");
  REQUIRE(status);
  CHECK(status->memory.Get(MemoryField::kResident) == uint64_t{10} * 1024);
  CHECK_FALSE(status->memory.Get(MemoryField::kAnon));
  CHECK_FALSE(status->memory.Footprint());
}

TEST_CASE("lines in another order are found all the same") {
  const auto status = ParseProcStatus("VmRSS:\t 10 kB\nVmPeak:\t 30 kB\nRssAnon:\t 5 kB\n");
  REQUIRE(status);
  CHECK(status->memory.Get(MemoryField::kResident) == uint64_t{10} * 1024);
  CHECK(status->memory.Get(MemoryField::kPeakVirtual) == uint64_t{30} * 1024);
  CHECK(status->memory.Get(MemoryField::kAnon) == uint64_t{5} * 1024);
}

TEST_CASE("a status that is cut off in a line is refused") {
  const std::string text(kStatus);
  const size_t whole = text.find("HugetlbPages");
  for (size_t size = 0; size < whole; ++size) {
    const auto status = ParseProcStatus(text.substr(0, size));
    // At a line's end nothing tells that more should follow; then the rest is unknown.
    if (size == 0 || text[size - 1] != '\n') CHECK_FALSE(status);
  }
}

TEST_CASE("a malformed figure makes the whole status malformed") {
  const std::string text =
      GENERATE(as<std::string>(), "VmRSS:\t kB\n", "VmRSS:\t 10\n", "VmRSS:\t -1 kB\n",
               "VmRSS:\t 10 MB\n", "VmRSS:\t ten kB\n", "VmRSS:\t 99999999999999999999 kB\n",
               "VmRSS:\t 18014398509481985 kB\n", "Uid:\t0\n", "Uid:\tx\n");
  CHECK_FALSE(ParseProcStatus(text));
}

TEST_CASE("lines that look alike are not taken for others") {
  const auto status = ParseProcStatus("VmRSSx:\t 1 kB\nVmPMD:\t 2 kB\nRss:\t 3 kB\n");
  REQUIRE(status);
  CHECK(status->memory.empty());
}

}  // namespace memleak
