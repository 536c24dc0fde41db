#include "collectors/trend_families.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr double kSlot = 60;
constexpr double kBootTime = 1'700'000'000;
constexpr double kMiB = 1 << 20;
constexpr TrendShape kShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};

constexpr Family Gauge(std::string_view name) { return {name, MetricType::kGauge, "", "Help."}; }

constexpr TrendFamilies kFamilies = {
    .baseline = Gauge("baseline"),
    .baseline_time = Gauge("baseline_time"),
    .growth = Gauge("growth"),
    .window = Gauge("window"),
    .growth_start = Gauge("growth_start"),
    .suspected = Gauge("suspected"),
    .exhaustion = Gauge("exhaustion"),
    .shmem_growth = Gauge("shmem_growth"),
    .shmem_suspected = Gauge("shmem_suspected"),
    .third_growth = Gauge("fd_growth"),
    .third_suspected = Gauge("fd_suspected"),
    .third_exhaustion = Gauge("fd_exhaustion"),
};

// Grows by so many bytes per slot, without any load, for so many slots; its descriptors and
// its shared memory do not grow.
Trend Grown(double bytes_per_slot, int slots) {
  Trend trend(kShape, kSlot, 1000);
  for (int i = 0; i < slots * 4; ++i) {
    TrendSample sample;
    sample.time = 1000 + i * kSlot / 4;
    sample.resources[kFootprintTrend] = {100 * kMiB + bytes_per_slot * i / 4, 100e9};
    sample.resources[kShmemTrend].value = 4 * kMiB;
    sample.resources[kFdsTrend] = {10, 1000};
    sample.cpu_seconds = 5;
    sample.threads = 1;
    trend.Add(sample);
  }
  return trend;
}

std::string Written(const TrendWriter& trends, const TrendFamilies& families = kFamilies) {
  MetricWriter writer(Format::kText);
  trends.Write(families, kBootTime, writer);
  return std::string(writer.Finish());
}

double Value(const std::string& body, const std::string& series) {
  const size_t at = body.find('\n' + series + ' ');
  CAPTURE(body, series);
  REQUIRE(at != std::string::npos);
  return std::stod(body.substr(at + series.size() + 2));
}

}  // namespace

TEST_CASE("nothing is written of what has no history") {
  TrendWriter trends;
  trends.Add("a=\"1\"", nullptr, Standing{}, true);
  CHECK(Written(trends).empty());
}

TEST_CASE("nothing is written while nothing is known") {
  const Trend trend = Grown(0, 5);
  TrendWriter trends;
  trends.Add("a=\"1\"", &trend, Standing{}, true);
  CHECK(Written(trends).empty());
}

TEST_CASE("what does not grow says so") {
  const Trend trend = Grown(0, 100);
  TrendWriter trends;
  trends.Add("a=\"1\"", &trend, Standing{}, true);
  const std::string body = Written(trends);
  CHECK(Value(body, "baseline{a=\"1\"}") == 100 * kMiB);
  CHECK(Value(body, "baseline_time{a=\"1\"}") >= kBootTime + 1000 + 10 * kSlot);
  CHECK(Value(body, "baseline_time{a=\"1\"}") <= kBootTime + 1000 + 22 * kSlot);
  CHECK(Value(body, "growth{a=\"1\"}") == 0);
  CHECK(Value(body, "suspected{a=\"1\"}") == 0);
  CHECK(Value(body, "fd_growth{a=\"1\"}") == 0);
  CHECK(Value(body, "fd_suspected{a=\"1\"}") == 0);
  CHECK(Value(body, "shmem_growth{a=\"1\"}") == 0);
  CHECK(Value(body, "shmem_suspected{a=\"1\"}") == 0);
  for (const char* absent : {"window", "growth_start", "exhaustion"}) {
    CHECK_THAT(body, !ContainsText(absent));
  }
}

TEST_CASE("what has no shared memory says nothing of it") {
  const Trend trend = Grown(0, 100);
  TrendWriter trends;
  trends.Add("a=\"1\"", &trend, Standing{}, false);
  const std::string body = Written(trends);
  CHECK(Value(body, "growth{a=\"1\"}") == 0);
  CHECK_THAT(body, !ContainsText("shmem"));
}

TEST_CASE("a leak says how fast, since when, and when it is over") {
  const Trend trend = Grown(kMiB, 300);
  const Trend steady = Grown(0, 300);
  TrendWriter trends;
  Standing standing;
  standing.exhaustion_seconds = 3600.5;
  trends.Add("a=\"1\"", &trend, standing, true);
  trends.Add("a=\"2\"", &steady, Standing{}, true);
  const std::string body = Written(trends);
  CHECK(Value(body, "growth{a=\"1\"}") == Approx(kMiB / kSlot).epsilon(0.02));
  CHECK(Value(body, "suspected{a=\"1\"}") == 1);
  CHECK(Value(body, "suspected{a=\"2\"}") == 0);
  CHECK(Value(body, "window{a=\"1\"}") >= 20 * kSlot);
  CHECK(Value(body, "growth_start{a=\"1\"}") >= kBootTime + 1000);
  CHECK(Value(body, "growth_start{a=\"1\"}") <= kBootTime + 1000 + 100 * kSlot);
  CHECK(Value(body, "exhaustion{a=\"1\"}") == 3600.5);
  CHECK_THAT(body, !ContainsText("window{a=\"2\"}"));
  CHECK_THAT(body, !ContainsText("exhaustion{a=\"2\"}"));
  CHECK_THAT(body, !ContainsText("fd_exhaustion"));

  // The same writer once more: what it held is gone.
  trends.Clear();
  trends.Add("a=\"3\"", &steady, Standing{}, true);
  CHECK_THAT(Written(trends), !ContainsText("a=\"1\""));
}

TEST_CASE("what runs out before anything is known says when") {
  Standing standing;
  standing.exhaustion_seconds = 40;
  standing.fd_exhaustion_seconds = 50;
  TrendWriter trends;
  trends.Add("a=\"1\"", nullptr, standing, true);
  const std::string body = Written(trends);
  CHECK(Value(body, "exhaustion{a=\"1\"}") == 40);
  CHECK(Value(body, "fd_exhaustion{a=\"1\"}") == 50);
  CHECK_THAT(body, !ContainsText("growth") && !ContainsText("suspected"));

  TrendFamilies without_descriptors = kFamilies;
  without_descriptors.third_exhaustion.reset();
  CHECK_THAT(Written(trends, without_descriptors), !ContainsText("fd_exhaustion"));
}

}  // namespace memleak
