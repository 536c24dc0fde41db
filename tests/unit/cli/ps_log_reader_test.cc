#include "exporter/cli/ps_log_reader.h"

#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/cli/support.h"

namespace memleak {
namespace {

constexpr double kTime = 1795183681;  // 2026-11-20 14:08:01

TEST_CASE("RSS with a time and MB beside it") {
  const std::vector<RecordedSample> samples = ReadSeries(
      "2026-11-20 14:08:01 RSS: 317440 KB (310 MB)\n2026-11-20 14:09:01 RSS: 317441 KB (310 MB)\n");
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].time == kTime);
  CHECK(samples[0].value == 317440 * 1024.0);
  CHECK(samples[1].time == kTime + 60);
  CHECK(!samples[1].restarted);
}

TEST_CASE("what date prints, and KB") {
  for (const char* line :
       {"Fri Nov 20 14:08:01 UTC 2026: 317440 KB", "Fri 20 Nov 2026 02:08:01 PM UTC: 317440 KB",
        "Fri, 20 Nov 2026 14:08:01 +0000:   317440   kB  ", "2026-11-20T14:08:01Z: 317440KB",
        "1795183681: 317440 KB", "2026-11-20 14:08:01 rss: 317440 KiB\r"}) {
    INFO(line);
    const std::vector<RecordedSample> samples = ReadSeries(line);
    REQUIRE(samples.size() == 1);
    CHECK(samples[0].time == kTime);
    CHECK(samples[0].value == 317440 * 1024.0);
  }
}

TEST_CASE("bare numbers at an interval") {
  const std::vector<RecordedSample> samples = ReadSeries("  100\n200\n\n300\n", 60);
  REQUIRE(samples.size() == 3);
  CHECK(samples[0].time == 0);
  CHECK(samples[0].value == 102400);
  CHECK(samples[1].time == 60);
  // Nothing was found at 120 s.
  CHECK(samples[2].time == 180);
  CHECK(samples[2].restarted);
  CHECK(SeriesErrorOf("100\n200\n") ==
        "1: numbers without a time need --interval, like --interval=60s");
}

TEST_CASE("a missing number ends a life and is never 0") {
  for (const char* gone :
       {"2026-11-20 14:09:01 RSS:  KB ( MB)", "2026-11-20 14:09:01 RSS:  KB (0 MB)",
        "2026-11-20 14:09:01 RSS: KB", "2026-11-20 14:09:01:  KB"}) {
    INFO(gone);
    const std::vector<RecordedSample> samples =
        ReadSeries(std::string(gone) + "\n2026-11-20 14:09:31: 5 KB\n2026-11-20 14:10:01: 5 KB\n" +
                   "2026-11-20 14:11:01: KB\n2026-11-20 14:12:01: KB\n2026-11-20 14:13:01: 6 KB\n" +
                   "2026-11-20 14:14:01: 7 KB\n");
    REQUIRE(samples.size() == 4);
    CHECK(!samples[0].restarted);  // there was no life before
    CHECK(!samples[1].restarted);
    CHECK(samples[2].restarted);
    CHECK(samples[2].value == 6144);
    CHECK(!samples[3].restarted);
  }
}

TEST_CASE("an empty line in a log with times says nothing") {
  const std::vector<RecordedSample> samples =
      ReadSeries("2026-11-20 14:08:01: 5 KB\n\n2026-11-20 14:09:01: 6 KB\n\n");
  REQUIRE(samples.size() == 2);
  CHECK(!samples[1].restarted);
}

TEST_CASE("what is not understood is refused with its line") {
  CHECK(
      SeriesErrorOf("2026-11-20 14:08:01: 5 KB\nps: error\n") ==
      "2: \"ps: error\" is not understood; expected a line like \"2026-11-20 14:08:01 RSS: 317440 "
      "KB (310 MB)\", \"Fri Nov 20 14:08:01 UTC 2026: 317440 KB\", or numbers of KB alone");
  CHECK(
      SeriesErrorOf("yesterday: 5 KB\n") ==
      "1: \"yesterday\" is not a time; use what `date` prints in English, or 2026-11-20 14:08:01");
  CHECK(SeriesErrorOf("2026-11-20 14:08:01: 5.5.5 KB\n") == "1: \"5.5.5\" is not a number of KB");
  CHECK(SeriesErrorOf("2026-11-20 14:08:01: 5 KB\n5\n") ==
        "2: has no time, and the lines before have one");
  CHECK(SeriesErrorOf("5\n2026-11-20 14:08:01: 5 KB\n", 60) ==
        "2: has a time, and the lines before have none");
  CHECK(SeriesErrorOf("5\nabc\n", 60).substr(0, 28) == "2: \"abc\" is not understood; ");
  CHECK(SeriesErrorOf("5\n-5\n", 60) == "2: \"-5\" is not a number of KB");
  CHECK(SeriesErrorOf("5\nnan\n", 60) == "2: \"nan\" is not a number of KB");
}

}  // namespace
}  // namespace memleak
