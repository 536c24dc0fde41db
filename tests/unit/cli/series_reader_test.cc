#include "exporter/cli/series_reader.h"

#include <cmath>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/cli/support.h"

namespace memleak {
namespace {

constexpr std::string_view kCsv = "timestamp,value\r\n100,1\r\n160,2\r\n\r\n220,3";

TEST_CASE("a series is the same in any pieces") {
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{1000}}) {
    INFO(piece);
    const std::vector<RecordedSample> samples = ReadSeries(kCsv, {}, piece);
    REQUIRE(samples.size() == 3);
    CHECK(samples[0].time == 100);
    CHECK(samples[2].time == 220);
    CHECK(samples[2].value == 3);
  }
}

TEST_CASE("a byte order mark and blank lines before the header are skipped") {
  CHECK(ReadSeries("\xEF\xBB\xBF"
                   "timestamp,value\n100,1\n")
            .size() == 1);
  CHECK(ReadSeries("\n \r\ntimestamp,value\n100,1\n").size() == 1);
}

TEST_CASE("nothing to read is an error of the whole series") {
  CHECK(SeriesErrorOf("") == "0: the file is empty");
  CHECK(SeriesErrorOf("\n \n") == "0: the file is empty");
  CHECK(SeriesErrorOf("timestamp,value\n") == "0: there is no sample in it");
  CHECK(SeriesErrorOf("timestamp,value\n100,\n") == "0: there is no sample in it");
  CHECK(SeriesErrorOf("2026-11-20 14:08:01 RSS:  KB ( MB)\n") == "0: there is no sample in it");
}

TEST_CASE("time that goes back is refused, in every format") {
  CHECK(SeriesErrorOf("timestamp,value\n160,1\n100,2\n") ==
        "3: time goes back; the samples must be in order of time");
  CHECK(SeriesErrorOf("2026-11-20 14:08:01: 1 KB\n2026-11-20 14:08:00: 1 KB\n") ==
        "2: time goes back; the samples must be in order of time");
  // Two samples of one second are no reason to refuse a log.
  CHECK(ReadSeries("timestamp,value\n100,1\n100,2\n").size() == 2);
}

TEST_CASE("what is neither CSV nor a log is refused") {
  CHECK(
      SeriesErrorOf("hello\n") ==
      "1: \"hello\" is not understood; expected a CSV header that names timestamp and value, or a "
      "log of ps");
  CHECK(SeriesErrorOf("\n\n\x7F"
                      "ELF\n")
            .substr(0, 13) == "3: \"\\x7fELF\" ");
}

TEST_CASE("a line without an end is refused before it fills the memory") {
  SeriesReader reader({}, [](const RecordedSample&) {});
  const std::string zeros(40'000, '\0');
  reader.Feed(zeros);
  CHECK_THROWS_AS(reader.Feed(zeros), SeriesError);
}

}  // namespace
}  // namespace memleak
