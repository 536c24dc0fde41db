#include "collectors/collectable.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "exporter/model/label_text.h"
#include "tests/catch.h"
#include "tests/unit/exposition/text_parser.h"

namespace memleak {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// All have at most 16 significant digits: that is what prometheus-cpp prints.
const std::vector<double> kOddNumbers = {0,
                                         -0.0,
                                         1,
                                         -1,
                                         0.1,
                                         1e6,
                                         -2.5e-7,
                                         1e-300,
                                         5e-324,
                                         1e22,
                                         1.5e300,
                                         9007199254740991.0,
                                         9007199254740992.0,
                                         123456789012.5,
                                         kInfinity,
                                         -kInfinity,
                                         std::numeric_limits<double>::quiet_NaN()};

const std::vector<std::string> kOddTexts = {"",
                                            "plain",
                                            "with \"quotes\"",
                                            "back\\slash\\",
                                            "two\nlines\n",
                                            "\\n",
                                            "} 1\nfake{x=\"y\"} 2",
                                            "a,b=\"c\"",
                                            "gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xA2",
                                            " tab\tand <script> "};

prometheus::ClientMetric Metric(std::vector<prometheus::ClientMetric::Label> labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  return metric;
}

std::vector<prometheus::MetricFamily> OddFamilies() {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  prometheus::MetricFamily gauge{"odd_bytes", "Odd \"numbers\".", MetricType::Gauge, {}};
  for (size_t i = 0; i < kOddNumbers.size(); ++i) {
    gauge.metric.push_back(Metric({{"i", std::to_string(i)}}));
    gauge.metric.back().gauge.value = kOddNumbers[i];
  }
  families.push_back(gauge);

  prometheus::MetricFamily counter{"odd_total", "Odd texts.", MetricType::Counter, {}};
  prometheus::MetricFamily untyped{"odd_untyped", "", MetricType::Untyped, {}};
  for (size_t i = 0; i < kOddTexts.size(); ++i) {
    counter.metric.push_back(Metric({{"i", std::to_string(i)}, {"text", kOddTexts[i]}}));
    counter.metric.back().counter.value = static_cast<double>(i) * 1e5;
    untyped.metric.push_back(Metric({{"text", kOddTexts[i]}}));
    untyped.metric.back().untyped.value = static_cast<double>(i) + 0.5;
  }
  families.push_back(counter);
  families.push_back(untyped);

  prometheus::MetricFamily histogram{"odd_wait_seconds", "Waits.", MetricType::Histogram, {}};
  histogram.metric.push_back(Metric({}));
  histogram.metric.back().histogram = {9, 12.25, {{1, 0.001}, {5, 1}, {7, 2.5e6}, {9, kInfinity}}};
  histogram.metric.push_back(Metric({{"text", kOddTexts[2]}}));
  histogram.metric.back().histogram = {4, -1.5, {{1, 0}, {3, 10}}};  // without +Inf
  families.push_back(histogram);

  prometheus::MetricFamily summary{"odd_summary", "Quantiles.", MetricType::Summary, {}};
  summary.metric.push_back(Metric({{"text", kOddTexts[3]}}));
  summary.metric.back().summary = {3, 0.5, {{0.5, std::nan("")}, {0.99, 0.25}, {1, 7}}};
  families.push_back(summary);

  families.push_back({"odd_without_metrics", "Nothing.", MetricType::Gauge, {}});
  return families;
}

ParsedText Oracle(const std::vector<prometheus::MetricFamily>& families) {
  return ParseText(prometheus::TextSerializer().Serialize(families));
}

ParsedText Written(const std::vector<prometheus::MetricFamily>& families, Format format) {
  MetricWriter writer(format);
  WriteFamilies(families, writer);
  return ParseText(writer.Finish());
}

void CheckSameSamples(const ParsedText& actual, const ParsedText& expected) {
  CHECK(actual.samples.size() == expected.samples.size());
  for (const auto& [series, value] : expected.samples) {
    INFO(series.first << " " << Catch::Detail::stringify(series.second));
    const auto found = actual.samples.find(series);
    REQUIRE(found != actual.samples.end());
    if (std::isnan(value)) {
      CHECK(std::isnan(found->second));
    } else {
      CHECK(found->second == value);
    }
  }
}

}  // namespace

TEST_CASE("our text has the same values as prometheus-cpp's") {
  const std::vector<prometheus::MetricFamily> families = OddFamilies();
  const ParsedText expected = Oracle(families);
  const ParsedText text = Written(families, Format::kText);
  REQUIRE(expected.samples.size() == kOddNumbers.size() + 2 * kOddTexts.size() + 11 + 5);
  CheckSameSamples(text, expected);
  for (const prometheus::MetricFamily& family : families) {
    if (family.metric.empty()) continue;
    CHECK(text.types.at(family.name) == expected.types.at(family.name));
    if (!family.help.empty()) CHECK(text.helps.at(family.name) == expected.helps.at(family.name));
  }
  CHECK_FALSE(text.types.contains("odd_without_metrics"));
}

TEST_CASE("our OpenMetrics has the same values as prometheus-cpp's text") {
  const std::vector<prometheus::MetricFamily> families = OddFamilies();
  const ParsedText openmetrics = Written(families, Format::kOpenMetrics);
  CheckSameSamples(openmetrics, Oracle(families));
  CHECK(openmetrics.eof);
  CHECK(openmetrics.types.at("odd") == "counter");
  CHECK(openmetrics.types.at("odd_untyped") == "unknown");
  CHECK(openmetrics.units == std::map<std::string, std::string>{{"odd_bytes", "bytes"},
                                                                {"odd_wait_seconds", "seconds"}});
  CHECK(openmetrics.helps.at("odd_bytes") == "Odd \"numbers\".");
}

TEST_CASE("families that collectors stream have the same values as prometheus-cpp's") {
  const std::vector<prometheus::MetricFamily> families = OddFamilies();
  constexpr Family kNumbers = {"odd_bytes", MetricType::kGauge, "bytes", "Odd \"numbers\"."};
  constexpr Family kTexts = {"odd", MetricType::kCounter, "", "Odd texts."};
  for (const Format format : {Format::kText, Format::kOpenMetrics}) {
    MetricWriter writer(format);
    writer.Begin(kNumbers);
    for (size_t i = 0; i < kOddNumbers.size(); ++i) {
      std::string labels;
      AppendLabel(labels, "i", std::to_string(i));
      writer.Sample(labels, kOddNumbers[i]);
    }
    writer.Begin(kTexts);
    for (size_t i = 0; i < kOddTexts.size(); ++i) {
      std::string labels;
      AppendLabel(labels, "i", std::to_string(i));
      AppendLabel(labels, "text", kOddTexts[i]);
      writer.Sample(labels, uint64_t{i} * 100'000);
    }
    CheckSameSamples(ParseText(writer.Finish()), Oracle({families[0], families[1]}));
  }
}

TEST_CASE("a counter's samples end in _total once, whatever prometheus-cpp calls it") {
  for (const char* const name : {"c_seconds", "c_seconds_total"}) {
    prometheus::MetricFamily family{name, "", prometheus::MetricType::Counter, {Metric({})}};
    family.metric[0].counter.value = 2;
    MetricWriter writer(Format::kOpenMetrics);
    WriteFamilies({family}, writer);
    CHECK(writer.Finish() ==
          "# TYPE c_seconds counter\n# UNIT c_seconds seconds\nc_seconds_total 2\n# EOF\n");
  }
}

TEST_CASE("bounds are floats in OpenMetrics") {
  prometheus::MetricFamily family{"h", "", prometheus::MetricType::Histogram, {Metric({})}};
  family.metric[0].histogram = {3, 5, {{1, 0.5}, {2, 10}}};
  MetricWriter writer(Format::kOpenMetrics);
  WriteFamilies({family}, writer);
  CHECK(writer.Finish() ==
        "# TYPE h histogram\n"
        "h_bucket{le=\"0.5\"} 1\n"
        "h_bucket{le=\"10.0\"} 2\n"
        "h_bucket{le=\"+Inf\"} 3\n"
        "h_sum 5\n"
        "h_count 3\n"
        "# EOF\n");
}

TEST_CASE("OpenMetrics has no sum where observations can be negative") {
  prometheus::MetricFamily family{"h", "", prometheus::MetricType::Histogram, {Metric({})}};
  family.metric[0].histogram = {1, -2, {{1, -1}, {1, kInfinity}}};
  CHECK(Written({family}, Format::kOpenMetrics).samples.size() == 2);
  CHECK(Written({family}, Format::kText).samples.size() == 4);
}

TEST_CASE("a kind that prometheus-cpp 1.0 does not have is an info") {
  const auto info = static_cast<prometheus::MetricType>(5);
  const prometheus::MetricFamily family{"build", "", info, {Metric({{"version", "1"}})}};
  MetricWriter writer(Format::kText);
  WriteFamilies({family}, writer);
  CHECK(writer.Finish() == "# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n");
}

TEST_CASE("hostile help and label values cannot break the body") {
  prometheus::MetricFamily family{
      "g", "one\ntwo\\\xFF", prometheus::MetricType::Gauge, {Metric({{"x", "\xFF\n\"\\"}})}};
  MetricWriter writer(Format::kText);
  WriteFamilies({family}, writer);
  CHECK(writer.Finish() ==
        "# HELP g one\\ntwo\\\\\xEF\xBF\xBD\n"
        "# TYPE g gauge\n"
        "g{x=\"\xEF\xBF\xBD\\n\\\"\\\\\"} 0\n");
}

TEST_CASE("a name that would break the body is refused") {
  using prometheus::MetricType;
  for (const char* const name : {"", "1a", "a b", "a\n", "a{", "\xC3\xBC", "a-b"}) {
    INFO(name);
    MetricWriter writer(Format::kText);
    CHECK_THROWS_AS(WriteFamilies({{name, "", MetricType::Gauge, {Metric({})}}}, writer),
                    std::invalid_argument);
    CHECK_THROWS_AS(WriteFamilies({{"g", "", MetricType::Gauge, {Metric({{name, "x"}})}}}, writer),
                    std::invalid_argument);
    CHECK(writer.samples() == 0);
  }
  MetricWriter writer(Format::kText);
  CHECK_THROWS_AS(WriteFamilies({{"_total", "", MetricType::Counter, {Metric({})}}}, writer),
                  std::invalid_argument);
  CHECK_THROWS_AS(WriteFamilies({{"g", "", MetricType::Gauge, {Metric({{"a:b", "x"}})}}}, writer),
                  std::invalid_argument);
  WriteFamilies({{"a:B_9", "", MetricType::Gauge, {Metric({{"_A9", "x"}})}}}, writer);
  CHECK(writer.samples() == 1);
}

TEST_CASE("a prometheus-cpp registry plugs in as a collector") {
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("jobs_total")
      .Help("Jobs.")
      .Register(*registry)
      .Add({})
      .Increment(3);
  prometheus::BuildGauge()
      .Name("queue_bytes")
      .Help("Queue.")
      .Register(*registry)
      .Add({{"name", "a\"b"}})
      .Set(0.25);
  prometheus::BuildHistogram()
      .Name("wait_seconds")
      .Help("Waits.")
      .Register(*registry)
      .Add({}, prometheus::Histogram::BucketBoundaries{0.5, 2})
      .Observe(1);
  prometheus::BuildSummary()
      .Name("size_bytes")
      .Help("Sizes.")
      .Register(*registry)
      .Add({}, prometheus::Summary::Quantiles{{0.5, 0.05}})
      .Observe(42);
  CollectableCollector collector(registry);
  for (const Format format : {Format::kText, Format::kOpenMetrics}) {
    MetricWriter writer(format);
    collector.Collect(Snapshot{}, writer);
    CheckSameSamples(ParseText(writer.Finish()), Oracle(registry->Collect()));
  }
}

}  // namespace memleak
