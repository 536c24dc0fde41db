#include "exporter/exposition/metric_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

constexpr Family kGauge = {"room_temperature_celsius", MetricType::kGauge, "", "How warm it is."};
constexpr Family kBytes = {"memory_bytes", MetricType::kGauge, "bytes", "Memory."};
constexpr Family kCounter = {"cpu_seconds", MetricType::kCounter, "seconds", "Time spent."};
constexpr Family kUnknown = {"mystery", MetricType::kUnknown, "", ""};
constexpr Family kHistogram = {"wait_seconds", MetricType::kHistogram, "seconds", "Waits."};

std::string Number(double value) {
  std::string text;
  AppendNumber(text, value);
  return text;
}

}  // namespace

TEST_CASE("text 0.0.4 has HELP and TYPE before the samples of a family") {
  MetricWriter writer(Format::kText);
  writer.Begin(kBytes);
  writer.Sample("pid=\"1\"", uint64_t{4096});
  writer.Sample("pid=\"2\",comm=\"a b\"", uint64_t{0});
  CHECK(writer.samples() == 2);
  CHECK(writer.Finish() ==
        "# HELP memory_bytes Memory.\n"
        "# TYPE memory_bytes gauge\n"
        "memory_bytes{pid=\"1\"} 4096\n"
        "memory_bytes{pid=\"2\",comm=\"a b\"} 0\n");
}

TEST_CASE("OpenMetrics has the unit as well and ends with EOF") {
  MetricWriter writer(Format::kOpenMetrics);
  writer.Begin(kBytes);
  writer.Sample({}, uint64_t{4096});
  CHECK(writer.Finish() ==
        "# HELP memory_bytes Memory.\n"
        "# TYPE memory_bytes gauge\n"
        "# UNIT memory_bytes bytes\n"
        "memory_bytes 4096\n"
        "# EOF\n");
}

TEST_CASE("an empty body is empty in text and only EOF in OpenMetrics") {
  CHECK(MetricWriter(Format::kText).Finish().empty());
  CHECK(MetricWriter(Format::kOpenMetrics).Finish() == "# EOF\n");
}

TEST_CASE("a counter's samples end in _total, its family only in text 0.0.4") {
  MetricWriter writer(Format::kText);
  writer.Begin(kCounter);
  writer.Sample({}, 1.5);
  CHECK(writer.Finish() ==
        "# HELP cpu_seconds_total Time spent.\n"
        "# TYPE cpu_seconds_total counter\n"
        "cpu_seconds_total 1.5\n");
  writer.Reset(Format::kOpenMetrics);
  writer.Begin(kCounter);
  writer.Sample({}, 1.5);
  CHECK(writer.Finish() ==
        "# HELP cpu_seconds Time spent.\n"
        "# TYPE cpu_seconds counter\n"
        "# UNIT cpu_seconds seconds\n"
        "cpu_seconds_total 1.5\n"
        "# EOF\n");
}

TEST_CASE("a family of unknown type without help has no HELP line") {
  MetricWriter writer(Format::kText);
  writer.Begin(kUnknown);
  writer.Sample({}, 1.0);
  CHECK(writer.Finish() == "# TYPE mystery untyped\nmystery 1\n");
  writer.Reset(Format::kOpenMetrics);
  writer.Begin(kUnknown);
  writer.Sample({}, 1.0);
  CHECK(writer.Finish() == "# TYPE mystery unknown\nmystery 1\n# EOF\n");
}

TEST_CASE("a suffix names the parts of a histogram") {
  MetricWriter writer(Format::kText);
  writer.Begin(kHistogram);
  writer.Sample("le=\"+Inf\"", uint64_t{3}, "_bucket");
  writer.Sample({}, 0.25, "_sum");
  writer.Sample({}, uint64_t{3}, "_count");
  CHECK(writer.Finish() ==
        "# HELP wait_seconds Waits.\n"
        "# TYPE wait_seconds histogram\n"
        "wait_seconds_bucket{le=\"+Inf\"} 3\n"
        "wait_seconds_sum 0.25\n"
        "wait_seconds_count 3\n");
}

TEST_CASE("help is one line whatever it says") {
  constexpr Family kOdd = {"odd", MetricType::kGauge, "", "a\\b \"quoted\"\nsecond line"};
  MetricWriter writer(Format::kText);
  writer.Begin(kOdd);
  writer.Sample({}, uint64_t{1});
  CHECK(writer.Finish() == "# HELP odd a\\\\b \"quoted\"\\nsecond line\n# TYPE odd gauge\nodd 1\n");
  writer.Reset(Format::kOpenMetrics);
  writer.Begin(kOdd);
  writer.Sample({}, uint64_t{1});
  CHECK(writer.Finish() ==
        "# HELP odd a\\\\b \\\"quoted\\\"\\nsecond line\n# TYPE odd gauge\nodd 1\n# EOF\n");
}

TEST_CASE("a family without samples leaves no trace") {
  MetricWriter writer(Format::kText);
  writer.Begin(kBytes);
  writer.Begin(kGauge);
  writer.Sample({}, 20.5);
  writer.Begin(kCounter);
  CHECK(writer.samples() == 1);
  CHECK(writer.Finish() ==
        "# HELP room_temperature_celsius How warm it is.\n"
        "# TYPE room_temperature_celsius gauge\n"
        "room_temperature_celsius 20.5\n");
}

TEST_CASE("a reset writer starts anew, in the other format if asked") {
  MetricWriter writer(Format::kOpenMetrics);
  writer.Begin(kBytes);
  writer.Sample({}, uint64_t{1});
  writer.Finish();
  writer.Reset(Format::kText);
  CHECK(writer.samples() == 0);
  CHECK(writer.format() == Format::kText);
  CHECK(writer.Finish().empty());
}

TEST_CASE("rolling back removes what was written since the mark") {
  MetricWriter writer(Format::kText);
  writer.Begin(kBytes);
  writer.Sample("pid=\"1\"", uint64_t{1});
  const std::string before =
      "# HELP memory_bytes Memory.\n# TYPE memory_bytes gauge\nmemory_bytes{pid=\"1\"} 1\n";
  const MetricWriter::Point point = writer.Mark();

  SECTION("samples of the family that was open, which stays open") {
    writer.Sample("pid=\"2\"", uint64_t{2});
    writer.Rollback(point);
    CHECK(writer.samples() == 1);
    writer.Sample("pid=\"3\"", uint64_t{3});
    CHECK(writer.Finish() == before + "memory_bytes{pid=\"3\"} 3\n");
  }
  SECTION("families begun since, so that the one that was open is open again") {
    writer.Begin(kGauge);
    writer.Sample({}, 20.0);
    writer.Begin(kCounter);
    writer.Rollback(point);
    CHECK(writer.samples() == 1);
    writer.Sample("pid=\"3\"", uint64_t{3});
    CHECK(writer.Finish() == before + "memory_bytes{pid=\"3\"} 3\n");
  }
  SECTION("a family that is written again afterwards with its header") {
    writer.Begin(kGauge);
    writer.Sample({}, 20.0);
    writer.Rollback(point);
    writer.Begin(kGauge);
    writer.Sample({}, 21.0);
    CHECK(writer.Finish() == before +
                                 "# HELP room_temperature_celsius How warm it is.\n"
                                 "# TYPE room_temperature_celsius gauge\n"
                                 "room_temperature_celsius 21\n");
  }
  SECTION("nothing, when nothing was written") {
    writer.Rollback(point);
    CHECK(writer.Finish() == before);
  }
}

TEST_CASE("a header that was rolled back with its sample is written again") {
  MetricWriter writer(Format::kText);
  writer.Begin(kBytes);
  const MetricWriter::Point point = writer.Mark();
  writer.Sample("pid=\"1\"", uint64_t{1});
  writer.Rollback(point);
  CHECK(writer.samples() == 0);
  SECTION("with the next sample") {
    writer.Sample("pid=\"2\"", uint64_t{2});
    CHECK(writer.Finish() ==
          "# HELP memory_bytes Memory.\n# TYPE memory_bytes gauge\nmemory_bytes{pid=\"2\"} 2\n");
  }
  SECTION("and not without one") { CHECK(writer.Finish().empty()); }
}

TEST_CASE("rolling back to before the first family leaves an empty body") {
  MetricWriter writer(Format::kOpenMetrics);
  const MetricWriter::Point point = writer.Mark();
  writer.Begin(kBytes);
  writer.Sample({}, uint64_t{1});
  writer.Rollback(point);
  CHECK(writer.Finish() == "# EOF\n");
}

TEST_CASE("integers never have an exponent or lose a digit") {
  MetricWriter writer(Format::kText);
  writer.Begin(kUnknown);
  writer.Sample({}, uint64_t{1'000'000'000});
  writer.Sample({}, std::numeric_limits<uint64_t>::max());
  writer.Sample({}, 1e6);
  writer.Sample({}, -1e15);
  writer.Sample({}, 9007199254740991.0);
  CHECK(writer.Finish() ==
        "# TYPE mystery untyped\n"
        "mystery 1000000000\n"
        "mystery 18446744073709551615\n"
        "mystery 1000000\n"
        "mystery -1000000000000000\n"
        "mystery 9007199254740991\n");
}

TEST_CASE("doubles are as short as they can be") {
  CHECK(Number(0) == "0");
  CHECK(Number(0.1) == "0.1");
  CHECK(Number(0.1 + 0.2) == "0.30000000000000004");
  CHECK(Number(-2.5e-7) == "-2.5e-07");
  CHECK(Number(5e-324) == "5e-324");
  CHECK(Number(1e300) == "1e+300");
  CHECK(Number(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308");
}

TEST_CASE("what is not a number is spelled as both formats do") {
  CHECK(Number(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(Number(-std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(Number(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(Number(-std::numeric_limits<double>::infinity()) == "-Inf");
}

TEST_CASE("every double reads back as itself") {
  std::mt19937_64 random(20240229);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t bits = random();
    double value = 0;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = Number(value);
    double parsed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc{} || end != text.data() + text.size() || parsed != value) {
      FAIL(text << " is not " << value);
    }
  }
}

TEST_CASE("a writer whose buffer has grown allocates nothing") {
  MetricWriter writer(Format::kText);
  const auto write_body = [&writer](Format format) {
    writer.Reset(format);
    for (int i = 0; i < 100; ++i) {
      for (const Family* const family : {&kBytes, &kCounter, &kUnknown}) {
        writer.Begin(*family);
        writer.Sample("pid=\"1\",comm=\"some longer label text than fits a small string\"",
                      std::numeric_limits<uint64_t>::max());
        writer.Sample("pid=\"2\"", 0.1 + 0.2);
        const MetricWriter::Point point = writer.Mark();
        writer.Sample("pid=\"3\"", std::numeric_limits<double>::infinity());
        writer.Rollback(point);
      }
    }
    return writer.Finish().size();
  };
  const size_t size = write_body(Format::kOpenMetrics);
  write_body(Format::kText);
  const size_t before = AllocationsOfThisThread();
  const size_t size_again = write_body(Format::kOpenMetrics);
  write_body(Format::kText);
  const size_t allocations = AllocationsOfThisThread() - before;
  CHECK(allocations == 0);
  CHECK(size_again == size);
  // The counter itself works.
  const size_t counted_before = AllocationsOfThisThread();
  const std::string grown(100, 'x');
  CHECK(AllocationsOfThisThread() > counted_before);
}

}  // namespace memleak
