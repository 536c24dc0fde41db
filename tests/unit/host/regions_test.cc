#include "exporter/host/evidence/regions.h"

#include <string>

#include "exporter/host/evidence/smaps.h"
#include "exporter/host/process/proc_status.h"
#include "tests/catch.h"

namespace memleak {
namespace {

std::string Mapping(const std::string& header, uint64_t rss_kib) {
  return header + "\nRss:   " + std::to_string(rss_kib) + " kB\nPss:   3 kB\nSwap:  2 kB\n";
}

}  // namespace

TEST_CASE("a region is what smaps says of a mapping, however its text is cut") {
  const std::string text =
      Mapping("55d0c8a00000-55d0c8a21000 rw-p 00001000 fe:00 77                 /a b (deleted)",
              8) +
      Mapping("7f0000000000-7f0000400000 r-xs 00000000 00:00 0", 4);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}}) {
    LargestRegions largest;
    SmapsParser parser(&largest);
    for (size_t at = 0; at < text.size(); at += piece) REQUIRE(parser.Add(text.substr(at, piece)));
    REQUIRE(parser.Finish());
    REQUIRE(largest.regions().size() == 2);
    const Region& file = largest.regions()[0];
    CHECK(file.start == 0x55d0c8a00000);
    CHECK(file.end == 0x55d0c8a21000);
    CHECK(file.permissions == "rw-p");
    CHECK(file.offset == 0x1000);
    CHECK(file.name == "/a b (deleted)");
    CHECK(file.resident == 8 * 1024);
    CHECK(file.proportional == 3 * 1024);
    CHECK(file.swapped == 2 * 1024);
    CHECK(largest.regions()[1].name.empty());
    CHECK(largest.regions()[1].permissions == "r-xs");
  }
}

TEST_CASE("a region's name is bounded") {
  LargestRegions largest;
  SmapsParser parser(&largest);
  parser.Add(Mapping("1000-2000 rw-p 0 0:0 7 /" + std::string(100'000, 'x'), 4));
  REQUIRE(parser.Finish());
  CHECK(largest.regions()[0].name.size() == Region::kMaxNameBytes);
}

TEST_CASE("the ten largest regions are kept, largest first, equal ones by address") {
  LargestRegions largest;
  for (uint64_t i = 0; i < 30; ++i) {
    Region region;
    region.start = i;
    region.resident = i % 10;  // three of each size
    largest.Offer(region);
  }
  const auto& regions = largest.regions();
  REQUIRE(regions.size() == LargestRegions::kMost);
  const uint64_t expected[] = {9, 19, 29, 8, 18, 28, 7, 17, 27, 6};
  for (size_t i = 0; i < regions.size(); ++i) CHECK(regions[i].start == expected[i]);
}

TEST_CASE("every line of memory in status is read, those of other kernels too") {
  const auto lines = ParseMemoryLines(
      "Name:\tVmRSS:  1 kB\nUmask:\t0022\nVmPeak:\t    2 kB\nVmFuture:\t 3 kB\nRssAnon:\t 4 kB\n"
      "RssBad:\t x kB\nVmBad\nHugetlbPages:\t 5 kB\nVmSwap:\t 6 kB\nVmCut:\t 7 k");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].name == "VmPeak");
  CHECK(lines[0].bytes == 2 * 1024);
  CHECK(lines[1].name == "VmFuture");
  CHECK(lines[2].name == "RssAnon");
  CHECK(lines[3].name == "VmSwap");
}

}  // namespace memleak
