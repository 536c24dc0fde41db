#include "exporter/host/cgroup/cgroup_memory.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

// Of a container on Linux 6.1, cut to the lines that matter and one that does not.
const std::string kV2 =
    "anon 1000\nfile 5000\nkernel 700\nkernel_stack 100\npagetables 200\nsec_pagetables 0\n"
    "percpu 50\nsock 9\nvmalloc 30\nshmem 1500\nzswap 0\nfile_mapped 1\nswapcached 3\n"
    "inactive_anon 11\nactive_anon 12\ninactive_file 2000\nactive_file 1000\nunevictable 0\n"
    "slab_reclaimable 150\nslab_unreclaimable 170\nslab 320\npgfault 77\n";

std::string Without(std::string text, const std::string& line) {
  const size_t at = text.find(line);
  REQUIRE(at != std::string::npos);
  return text.erase(at, text.find('\n', at) + 1 - at);
}

}  // namespace

TEST_CASE("memory.stat of version 2 is read by its keys") {
  const auto stat = ParseCgroupStatV2(kV2);
  REQUIRE(stat);
  CHECK(stat->anon == 1000);
  CHECK(stat->shmem == 1500);
  CHECK(stat->page_cache == 3500);
  CHECK(stat->reclaimable == 2000 + 1000 + 150);
  CHECK(stat->kernel == 709U);  // socket buffers are charged apart
  CHECK(stat->pages == 11 + 12 + 2000 + 1000);
  CHECK_FALSE(stat->swap);  // it has a file of its own
}

TEST_CASE("before Linux 5.18 the kernel's memory is not in memory.stat") {
  CHECK_FALSE(ParseCgroupStatV2(Without(kV2, "kernel 700"))->kernel);
}

TEST_CASE("pages that were read back from swap are not counted twice") {
  // From a container at its limit on Linux 6.1, in KiB: nearly all of the swap cache is mapped.
  const auto stat = ParseCgroupStatV2(
      "anon 63892\nfile 0\nkernel 100\nsock 0\nshmem 0\nswapcached 63908\n"
      "inactive_anon 60000\nactive_anon 3912\ninactive_file 0\nactive_file 0\nunevictable 0\n");
  REQUIRE(stat);
  CHECK(stat->in_both == 63908 - 20);
  CgroupMemory memory;
  memory.anon = stat->anon;
  memory.swap = 90172;
  memory.in_both = stat->in_both;
  CHECK(memory.Footprint() == 63892U + 20 + 90172 - 63908);
}

TEST_CASE("memory.stat of version 1 counts what is below, too") {
  const auto stat = ParseCgroupStatV1(
      "cache 1\nrss 2\nshmem 3\nswap 5\ninactive_file 6\nactive_file 7\ntotal_cache 5000\n"
      "total_rss 1000\ntotal_rss_huge 4\ntotal_shmem 1500\ntotal_swap 70\n"
      "total_inactive_file 2000\ntotal_active_file 1000\n");
  REQUIRE(stat);
  CHECK(stat->anon == 1000);
  CHECK(stat->shmem == 1500);
  CHECK(stat->page_cache == 3500);
  CHECK(stat->reclaimable == 3000);
  CHECK(stat->swap == 70U);
  CHECK_FALSE(stat->kernel);  // it has a file of its own
  // Where swap is not accounted for it is unknown, not none.
  CHECK_FALSE(ParseCgroupStatV1("total_cache 1\ntotal_rss 1\ntotal_inactive_file 0\n"
                                "total_active_file 0\n")
                  ->swap);
}

TEST_CASE("a malformed or incomplete memory.stat is refused") {
  for (const char* line :
       {"anon 1000", "file 5000", "shmem 1500", "inactive_file 2000", "active_file 1000"}) {
    INFO(line);
    CHECK_FALSE(ParseCgroupStatV2(Without(kV2, line)));
  }
  for (const char* text :
       {"", "anon\n", "anon x\n", "anon 1 2\n", "anon -1\n", "anon 99999999999999999999\n"}) {
    INFO(text);
    CHECK_FALSE(ParseCgroupStatV2(text));
    CHECK_FALSE(ParseCgroupStatV1(text));
  }
  CHECK_FALSE(ParseCgroupStatV2(kV2.substr(0, kV2.size() - 1)));
}

TEST_CASE("shared memory that exceeds the cache for a moment leaves no cache, not a giant one") {
  CHECK(ParseCgroupStatV2("anon 1\nfile 10\nshmem 20\ninactive_anon 0\nactive_anon "
                          "0\ninactive_file 1\nactive_file 1\n")
            ->page_cache == 0);
}

TEST_CASE("limits are bytes or none") {
  std::optional<uint64_t> limit = 1;
  CHECK(ParseCgroupLimit("max\n", limit));
  CHECK_FALSE(limit);
  CHECK(ParseCgroupLimit("134217728\n", limit));
  CHECK(limit == 134217728U);
  CHECK(ParseCgroupLimit("0\n", limit));
  CHECK(limit == 0U);
  // Version 1: the largest number of whole pages, of 4 KiB and of 64 KiB.
  for (const char* text : {"9223372036854771712\n", "9223372036854710272\n"}) {
    CHECK(ParseCgroupLimit(text, limit));
    CHECK_FALSE(limit);
  }
  for (const char* text : {"", "max", "maximum\n", "1", "-1\n", "1 \n", "18446744073709551616\n"}) {
    INFO(text);
    CHECK_FALSE(ParseCgroupLimit(text, limit));
    CHECK_FALSE(limit);
  }
}

TEST_CASE("the footprint lacks swap only where the kernel does not account for it") {
  CgroupMemory memory;
  CHECK_FALSE(memory.Footprint());
  memory.anon = 5;
  CHECK(memory.Footprint() == 5U);
  memory.swap = 2;
  CHECK(memory.Footprint() == 7U);
}

}  // namespace memleak
