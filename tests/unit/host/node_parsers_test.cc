#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "exporter/host/node/buddyinfo.h"
#include "exporter/host/node/file_nr.h"
#include "exporter/host/node/hidepid.h"
#include "exporter/host/node/loadavg.h"
#include "exporter/host/node/pressure.h"
#include "exporter/host/node/slabinfo.h"
#include "exporter/host/node/vmstat.h"
#include "tests/catch.h"

namespace memleak {
namespace {

constexpr const char* kSlabHead =
    "slabinfo - version: 2.1\n"
    "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
    "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n";

}  // namespace

TEST_CASE("vmstat is read by whole names") {
  const auto stat = ParseVmStat(
      "nr_free_pages 5797027\npswpin 12\npswpout 34\npgmajfault 56\npgmajfault_x 9\nxpswpin 8\n"
      "oom_kill 7\noom_kill_other 1\n");
  REQUIRE(stat);
  CHECK(stat->swapped_in_pages == 12u);
  CHECK(stat->swapped_out_pages == 34u);
  CHECK(stat->major_faults == 56u);
  CHECK(stat->oom_kills == 7u);
}

TEST_CASE("a vmstat line that this kernel lacks is unknown") {
  const auto stat = ParseVmStat("nr_free_pages 1\npgmajfault 0\n");
  REQUIRE(stat);
  CHECK(stat->major_faults == 0u);
  CHECK_FALSE(stat->swapped_in_pages);
  CHECK_FALSE(stat->oom_kills);
}

TEST_CASE("a malformed vmstat is refused") {
  const std::string text =
      GENERATE(as<std::string>(), "", "pswpin 1", "nr_free_pages 1\npswpin x\n", "pswpin -1\n",
               "pswpin 1 2\n", "pswpin 18446744073709551616\n", "oom_kill \n");
  CHECK_FALSE(ParseVmStat(text));
}

TEST_CASE("memory pressure is the total of each line") {
  const auto both = ParseMemoryPressure(
      "some avg10=0.50 avg60=0.30 avg300=0.10 total=12345678\n"
      "full avg10=0.10 avg60=0.05 avg300=0.01 total=2345678\n");
  REQUIRE(both);
  CHECK(both->some_microseconds == 12345678u);
  CHECK(both->full_microseconds == 2345678u);
  const auto some = ParseMemoryPressure("some total=1 later=2\nirq total=lots\n");
  REQUIRE(some);
  CHECK(some->some_microseconds == 1u);
  CHECK_FALSE(some->full_microseconds);
}

TEST_CASE("a malformed memory pressure is refused") {
  const std::string text =
      GENERATE(as<std::string>(), "", "full avg10=0.00 total=1\n", "some avg10=0.00\n",
               "some total=\n", "some total= 1\n", "some total=1x\n", "some total=-1\n",
               "some total=1", "some total=1\nfull tot\n");
  CHECK_FALSE(ParseMemoryPressure(text));
}

TEST_CASE("each zone of buddyinfo has its counts by order") {
  const auto info = ParseBuddyInfo(
      "Node 0, zone      DMA      0      0      3 \n"
      "Node 1, zone   Normal   4000   2000      7 \n");
  REQUIRE(info);
  REQUIRE(info->zones == 2);
  CHECK(info->zone[0].numa_node == 0);
  CHECK(info->zone[0].name == "DMA");
  CHECK(info->zone[1].numa_node == 1);
  CHECK(info->zone[1].name == "Normal");
  REQUIRE(info->zone[1].orders == 3);
  CHECK(info->zone[1].free_blocks[0] == 4000);
  CHECK(info->zone[1].free_blocks[1] == 2000);
  CHECK(info->zone[1].free_blocks[2] == 7);
}

TEST_CASE("a malformed buddyinfo is refused") {
  const std::string text = GENERATE(
      as<std::string>(), "", "Node 0, zone DMA 1", "Node 0, zone DMA\n", "Node 0, zone DMA \n",
      "Node 0, zone\n", "Node x, zone DMA 1\n", "Node -1, zone DMA 1\n", "Zone 0, zone DMA 1\n",
      "Node 0, zone DMA 1 x\n", "Node 0, zone DMA 1-2\n", "Node 0, zone DMA -2\n",
      "Node 0, zone NameOfSixteenByt 1\n", "Node 0, zone DMA 1\n\n",
      "Node 0, zone DMA 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
  CHECK_FALSE(ParseBuddyInfo(text));
}

TEST_CASE("the zones of buddyinfo are bounded") {
  std::string text;
  for (int node = 0; node < 1000; ++node) {
    text += "Node " + std::to_string(node) + ", zone   Normal 1 2 3 \n";
  }
  const auto info = ParseBuddyInfo(text);
  REQUIRE(info);
  CHECK(info->zones == BuddyInfo::kMaxZones);
  CHECK(info->zone[BuddyInfo::kMaxZones - 1].numa_node == BuddyInfo::kMaxZones - 1);
}

TEST_CASE("a line of slabinfo is read from behind, since a name may hold blanks") {
  std::vector<SlabInfoLine> lines(3);
  const std::string text =
      std::string(kSlabHead) +
      "ext4_inode_cache  521500 521500   1128   14    4 : tunables    0    0    0 : slabdata  "
      "37250  37251      0\n"
      "two words 1 2       1920   1920     64   64    1 : tunables    0    0    0 : slabdata   "
      "   29     30      0\n"
      "a : slabdata : tunables 5 6 7 8 2 : tunables 9 9 9 : slabdata 3 4 0 : globalstat 1\n";
  REQUIRE(ParseSlabInfo(text, lines));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].name == "ext4_inode_cache");
  CHECK(lines[0].pages == 37251u * 4);
  CHECK(lines[1].name == "two words 1 2");
  CHECK(lines[1].pages == 30);
  CHECK(lines[2].name == "a : slabdata : tunables");
  CHECK(lines[2].pages == 8);
}

TEST_CASE("a malformed slabinfo is refused") {
  const std::string good = "a 0 5 6 7 2 : tunables 9 9 9 : slabdata 3 4 0\n";
  std::vector<SlabInfoLine> lines;
  CHECK(ParseSlabInfo(kSlabHead + good, lines));
  CHECK(ParseSlabInfo(kSlabHead, lines));
  CHECK(lines.empty());
  const std::string line =
      GENERATE(as<std::string>(), "\n", "a 0 5 6 7 2 : tunables 9 9 9 : slabdata 3 4 0",
               "a 0 5 6 7 2 : tunables 9 9 9\n", "a 0 5 6 7 2 : slabdata 3 4 0\n",
               "0 5 6 7 2 : tunables 9 9 9 : slabdata 3 4 0\n",
               "a 0 5 6 7 x : tunables 9 9 9 : slabdata 3 4 0\n",
               "a 0 5 6 7 2 : tunables 9 9 9 : slabdata 3 x 0\n",
               "a 0 5 6 7 2 : tunables 9 9 9 : slabdata 3\n",
               "a 0 5 6 7 2 : tunables 9 9 9 : slabdata 3 18446744073709551615 0\n");
  CHECK_FALSE(ParseSlabInfo(kSlabHead + good + line, lines));
  CHECK_FALSE(ParseSlabInfo(good, lines));
  CHECK_FALSE(ParseSlabInfo("", lines));
  CHECK_FALSE(ParseSlabInfo("slabinfo - version: 3.0\n" + good, lines));
}

TEST_CASE("open files are what is allocated and not unused") {
  const auto files = ParseFileNr("521\t21\t9223372036854775807\n");
  REQUIRE(files);
  CHECK(files->open == 500);
  CHECK(files->max == uint64_t{std::numeric_limits<int64_t>::max()});
  const std::string text =
      GENERATE(as<std::string>(), "", "1\t0\t2", "1\t0\n", "1\t0\tx\n", "1 0 2\n", "1\t2\t3\n",
               "1\t0\t2\t3\n", "-1\t0\t2\n", "\n1\t0\t2\n");
  CHECK_FALSE(ParseFileNr(text));
}

TEST_CASE("the threads of loadavg stand behind its slash") {
  CHECK(ParseThreadsOfLoadavg("0.15 0.27 0.95 1/90 25902\n") == 90u);
  const std::string text =
      GENERATE(as<std::string>(), "", "0.15 0.27 0.95 1/90 25902", "0.15 0.27 0.95 1/ 90\n",
               "0.15 0.27 0.95 190 2\n", "0.15 0.27 0.95 1/x 2\n", "0.15 0.27 0.95 1/90\n");
  CHECK_FALSE(ParseThreadsOfLoadavg(text));
}

TEST_CASE("hidepid is an option of the mount that was asked for") {
  struct Case {
    const char* options;
    bool hides;
    bool gid_exempts;
    uint32_t gid;
  };
  const auto expected =
      GENERATE(values<Case>({{"rw", false, true, 0},
                             {"rw,hidepid=off", false, true, 0},
                             {"rw,hidepid=0", false, true, 0},
                             {"rw,hidepid=1", true, true, 0},
                             {"rw,hidepid=noaccess", true, true, 0},
                             {"rw,gid=27,hidepid=invisible", true, true, 27},
                             {"rw,hidepid=ptraceable,gid=27,subset=pid", true, false, 27},
                             {"rw,hidepid=4", true, false, 0},
                             {"rw,nothidepid=2", false, true, 0}}));
  CAPTURE(expected.options);
  const std::string text =
      "21 27 0:20 / /sys rw - sysfs sysfs rw,hidepid=2\n"
      "122 27 0:21 / /other/proc rw - proc proc rw,hidepid=2,gid=5\n"
      "22 27 0:21 / /with\\040blank\\040-\\040it rw,nosuid shared:5 master:1 - proc proc " +
      std::string(expected.options) + "\n";
  const auto options = ParseHidepid(text, 22);
  REQUIRE(options);
  CHECK(options->hides == expected.hides);
  CHECK(options->gid_exempts == expected.gid_exempts);
  CHECK(options->gid == expected.gid);
}

TEST_CASE("where mountinfo names no such proc mount, nothing is known of hidepid") {
  const std::string text =
      GENERATE(as<std::string>(), "", "23 27 0:21 / /proc rw - proc proc rw,hidepid=2\n",
               "22 27 0:21 / /proc rw - proc proc rw,hidepid=2",
               "22 27 0:21 / /sys rw - sysfs s rw\n", "22 27 0:21 / /proc rw proc proc rw\n",
               "22 27 0:21 / /proc rw - proc proc hidepid=2,gid=x\n", "22\n");
  CHECK_FALSE(ParseHidepid(text, 22));
}

}  // namespace memleak
