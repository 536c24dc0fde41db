#include <string>

#include "exporter/host/node/meminfo.h"
#include "exporter/host/process/proc_limits.h"
#include "exporter/host/users.h"
#include "tests/catch.h"

namespace memleak {

TEST_CASE("the soft limit of open files is the first number of its line") {
  CHECK(ParseMaxOpenFiles("Limit  Soft Limit  Hard Limit  Units\n"
                          "Max open files            1024                 524288               "
                          "files     \n") == 1024u);
}

TEST_CASE("a limit that is missing, unlimited or malformed is unknown") {
  const std::string text =
      GENERATE(as<std::string>(), "", "Max open files", "Max open files 10\n",
               "Max open files            unlimited            unlimited            files\n",
               "Max processes             10                   10                   processes\n");
  CHECK_FALSE(ParseMaxOpenFiles(text));
}

TEST_CASE("meminfo is read by its keys, in bytes") {
  const auto info = ParseMemInfo(
      "MemTotal:       24684084 kB\nMemFree:        20000000 kB\nMemAvailable:   23000000 kB\n"
      "Buffers:            1000 kB\nCached:           500000 kB\nSwapCached:            7 kB\n"
      "AnonPages:         99000 kB\nShmem:              1200 kB\nSlab:              80000 kB\n"
      "SReclaimable:      50000 kB\nSUnreclaim:        30000 kB\nKernelStack:        4000 kB\n"
      "PageTables:         3000 kB\nCommitLimit:    12342040 kB\nCommitted_AS:     700000 kB\n"
      "VmallocTotal:   34359738367 kB\nVmallocUsed:       20000 kB\nPercpu:             2000 kB\n"
      "HugePages_Total:       0\n");
  REQUIRE(info);
  const auto get = [&](MemInfoField field) { return (*info)[static_cast<size_t>(field)]; };
  CHECK(get(MemInfoField::kTotal) == uint64_t{24684084} * 1024);
  CHECK(get(MemInfoField::kFree) == uint64_t{20000000} * 1024);
  CHECK(get(MemInfoField::kAvailable) == uint64_t{23000000} * 1024);
  CHECK(get(MemInfoField::kBuffers) == uint64_t{1000} * 1024);
  CHECK(get(MemInfoField::kCached) == uint64_t{500000} * 1024);
  CHECK(get(MemInfoField::kAnon) == uint64_t{99000} * 1024);
  CHECK(get(MemInfoField::kShmem) == uint64_t{1200} * 1024);
  CHECK(get(MemInfoField::kSlabReclaimable) == uint64_t{50000} * 1024);
  CHECK(get(MemInfoField::kSlabUnreclaimable) == uint64_t{30000} * 1024);
  CHECK(get(MemInfoField::kKernelStack) == uint64_t{4000} * 1024);
  CHECK(get(MemInfoField::kPageTables) == uint64_t{3000} * 1024);
  CHECK(get(MemInfoField::kCommitLimit) == uint64_t{12342040} * 1024);
  CHECK(get(MemInfoField::kCommitted) == uint64_t{700000} * 1024);
  CHECK(get(MemInfoField::kVmallocUsed) == uint64_t{20000} * 1024);
  CHECK(get(MemInfoField::kPercpu) == uint64_t{2000} * 1024);
}

TEST_CASE("a meminfo line that this kernel lacks is unknown") {
  const auto info = ParseMemInfo("MemTotal:       1000 kB\n");
  REQUIRE(info);
  CHECK_FALSE((*info)[static_cast<size_t>(MemInfoField::kAvailable)]);
}

TEST_CASE("a malformed meminfo is refused") {
  const std::string text = GENERATE(as<std::string>(), "", "MemFree: 1 kB\n", "MemTotal: x kB\n",
                                    "MemTotal: 1 kB", "MemTotal: 1 kB\nMemFree: 2\n");
  CHECK_FALSE(ParseMemInfo(text));
}

TEST_CASE("passwd lines give names to users, malformed ones are skipped") {
  const auto users = ParsePasswd(
      "root:x:0:0:root:/root:/bin/bash\nbroken\n::5:\nweb:x:33:33::/:\nalias:x:33:33::/:\n"
      "nouid:x::1::/:\nbig:x:99999999999:1::/:\nlast:x:77:1::/:");
  CHECK(users.size() == 3);
  CHECK(users.at(0) == "root");
  CHECK(users.at(33) == "web");
  CHECK(users.at(77) == "last");
}

}  // namespace memleak
