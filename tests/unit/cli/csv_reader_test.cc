#include "exporter/cli/csv_reader.h"

#include <cmath>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/cli/support.h"

namespace memleak {
namespace {

RecordedSample One(const std::string& text) {
  const std::vector<RecordedSample> samples = ReadSeries(text);
  REQUIRE(samples.size() == 1);
  return samples[0];
}

TEST_CASE("every column, in any order, beside others") {
  const RecordedSample sample =
      One("host,start_time,Value,connections,fds,threads,cpu_seconds,limit,timestamp\n"
          "web-1,40.5,1000,7,6,5,4.5,2000,100\n");
  CHECK(sample.time == 100);
  CHECK(sample.value == 1000);
  CHECK(sample.limit == 2000);
  CHECK(sample.cpu_seconds == 4.5);
  CHECK(sample.threads == 5);
  CHECK(sample.fds == 6);
  CHECK(sample.connections == 7);
  CHECK(sample.start_time == 40.5);
  CHECK(sample.records_fds);
  CHECK(!sample.restarted);
}

TEST_CASE("what is empty or not there is not known, and never 0") {
  const RecordedSample sample =
      One("timestamp,value,limit,cpu_seconds,fds,start_time\n100,5,,,,\n");
  CHECK(std::isnan(sample.limit));
  CHECK(std::isnan(sample.cpu_seconds));
  CHECK(std::isnan(sample.fds));
  CHECK(std::isnan(sample.start_time));
  CHECK(std::isnan(sample.threads));
  CHECK(sample.records_fds);
  CHECK(!One("timestamp,value\n100,5\n").records_fds);
  // Fewer fields than the header: the last ones.
  CHECK(std::isnan(One("timestamp,value,limit\n100,5\n").limit));
}

TEST_CASE("a row without a value is no sample, and ends nothing") {
  const std::vector<RecordedSample> samples =
      ReadSeries("timestamp,value\n100,5\n160,\n220, \n280,6\n");
  REQUIRE(samples.size() == 2);
  CHECK(samples[1].time == 280);
  CHECK(!samples[1].restarted);
}

TEST_CASE("quotes are tolerated") {
  const RecordedSample sample = One(
      "\"timestamp\",\"name, or so\",\"value\"\n\"2026-11-20 14:08:01\",\"a,\"\"b\"\"\",\"5\"\n");
  CHECK(sample.time == 1795183681);
  CHECK(sample.value == 5);
  CHECK(SeriesErrorOf("timestamp,value\n100,\"5\n") == "2: a double quote is not closed");
}

TEST_CASE("numbers in every notation") {
  CHECK(One("timestamp,value\n100,1.5e9\n").value == 1.5e9);
  CHECK(One("timestamp,value\n100, +42 \n").value == 42);
  CHECK(One("timestamp,value\n1e2,0\n").value == 0);
}

TEST_CASE("no limit, as the kernel and cAdvisor write it") {
  for (const char* limit : {"", "0", "max", "+Inf", "inf", "-1", "9223372036854771712"}) {
    INFO(limit);
    CHECK(std::isnan(One(std::string("timestamp,value,limit\n100,5,") + limit + "\n").limit));
  }
  CHECK(One("timestamp,value,limit\n100,5,1\n").limit == 1);
}

TEST_CASE("a header without what is needed") {
  const std::string tail =
      "; the header must name timestamp and value, as in timestamp,value,limit";
  CHECK(SeriesErrorOf("time,value\n100,5\n") == "1: there is no column \"timestamp\"" + tail);
  CHECK(SeriesErrorOf("\ntimestamp\n100\n") == "2: there is no column \"value\"" + tail);
  CHECK(SeriesErrorOf("100,5\n160,6\n") == "1: there is no column \"timestamp\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value,value\n") == "1: there are two columns \"value\"");
}

TEST_CASE("what is no number is refused with its line") {
  const std::string tail = " is not a number; leave it empty where nothing was measured";
  CHECK(SeriesErrorOf("timestamp,value\n100,5\n160,abc\n") == "3: value \"abc\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\n100,NaN\n") == "2: value \"NaN\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\n100,+Inf\n") == "2: value \"+Inf\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\n100,1e40\n") == "2: value \"1e40\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\n100,5 MB\n") == "2: value \"5 MB\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value,fds\n100,5,many\n") == "2: fds \"many\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value,limit\n100,5,nan\n") == "2: limit \"nan\"" + tail);
}

TEST_CASE("what is no time is refused with its line") {
  const std::string tail =
      " is not a time; use Unix seconds or ISO 8601, like 2026-11-20T14:08:01Z";
  CHECK(SeriesErrorOf("timestamp,value\nnow,5\n") == "2: timestamp \"now\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\nnan,5\n") == "2: timestamp \"nan\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\n1795183681000,5\n") ==
        "2: timestamp \"1795183681000\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value,start_time\n1,5,x\n") == "2: start_time \"x\"" + tail);
  CHECK(SeriesErrorOf("timestamp,value\n,5\n") == "2: the timestamp is missing");
}

TEST_CASE("a row that is cut off is refused with its line") {
  CHECK(SeriesErrorOf("timestamp,value\n100,5\n160\n") ==
        "3: has 1 of the header's 2 fields; at least timestamp and value are needed");
}

}  // namespace
}  // namespace memleak
