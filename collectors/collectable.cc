#include "collectors/collectable.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

constexpr size_t kMaxHelpBytes = 1024;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Names are not escaped anywhere, so a bad one would break the lines around it.
void CheckName(std::string_view name, std::string_view special_characters) {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           special_characters.find(c) != std::string_view::npos;
  };
  const bool valid = !name.empty() && is_letter(name.front()) &&
                     std::all_of(name.begin(), name.end(),
                                 [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
  if (!valid) throw std::invalid_argument("invalid metric or label name '" + ValidUtf8(name) + "'");
}

std::string_view UnitOf(std::string_view name) {
  for (const std::string_view suffix : {"_bytes", "_seconds"}) {
    if (name.ends_with(suffix)) return suffix.substr(1);
  }
  return {};
}

void RenderLabels(const std::vector<prometheus::ClientMetric::Label>& labels, std::string& text) {
  text.clear();
  for (const prometheus::ClientMetric::Label& label : labels) {
    CheckName(label.name, "_");
    AppendLabel(text, label.name, label.value);
  }
}

// The number in "le" and "quantile" labels. OpenMetrics wants to see that it is a float.
std::string BoundText(double bound, Format format) {
  std::string text;
  AppendNumber(text, bound);
  if (format == Format::kOpenMetrics && std::isfinite(bound) &&
      text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

// The family's name without the suffix that the writer or this file adds to it.
std::string NameOf(const prometheus::MetricFamily& family) {
  switch (family.type) {
    case prometheus::MetricType::Counter: {
      constexpr std::string_view kTotal = "_total";
      std::string_view name = family.name;
      if (name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
      return std::string(name);
    }
    case prometheus::MetricType::Gauge:
    case prometheus::MetricType::Histogram:
    case prometheus::MetricType::Summary:
    case prometheus::MetricType::Untyped:
      return family.name;
    default:  // MetricType::Info, which prometheus-cpp 1.0 does not have
      return family.name + "_info";
  }
}

MetricType TypeOf(const prometheus::MetricFamily& family) {
  switch (family.type) {
    case prometheus::MetricType::Counter:
      return MetricType::kCounter;
    case prometheus::MetricType::Histogram:
      return MetricType::kHistogram;
    case prometheus::MetricType::Summary:
      return MetricType::kSummary;
    case prometheus::MetricType::Untyped:
      return MetricType::kUnknown;
    default:  // Gauge and Info
      return MetricType::kGauge;
  }
}

// Writes the samples of the family that `writer` has begun.
class SampleWriter {
 public:
  explicit SampleWriter(MetricWriter& writer) : writer_(writer) {}

  void Write(prometheus::MetricType type, const prometheus::ClientMetric& metric) {
    RenderLabels(metric.label, labels_);
    switch (type) {
      case prometheus::MetricType::Counter:
        writer_.Sample(labels_, metric.counter.value);
        break;
      case prometheus::MetricType::Gauge:
        writer_.Sample(labels_, metric.gauge.value);
        break;
      case prometheus::MetricType::Untyped:
        writer_.Sample(labels_, metric.untyped.value);
        break;
      case prometheus::MetricType::Histogram:
        WriteHistogram(metric.histogram);
        break;
      case prometheus::MetricType::Summary:
        WriteSummary(metric.summary);
        break;
      default:  // Info: what it says is in its labels
        writer_.Sample(labels_, uint64_t{1});
    }
  }

 private:
  void WriteHistogram(const prometheus::ClientMetric::Histogram& histogram) {
    double last = -kInfinity;
    for (const prometheus::ClientMetric::Bucket& bucket : histogram.bucket) {
      WriteBucket(bucket.upper_bound, bucket.cumulative_count);
      last = bucket.upper_bound;
    }
    if (last != kInfinity) WriteBucket(kInfinity, histogram.sample_count);
    // OpenMetrics forbids both where observations can be negative: the sum would be no counter.
    if (writer_.format() == Format::kOpenMetrics && !histogram.bucket.empty() &&
        histogram.bucket.front().upper_bound < 0) {
      return;
    }
    writer_.Sample(labels_, histogram.sample_sum, "_sum");
    writer_.Sample(labels_, histogram.sample_count, "_count");
  }

  void WriteSummary(const prometheus::ClientMetric::Summary& summary) {
    for (const prometheus::ClientMetric::Quantile& quantile : summary.quantile) {
      writer_.Sample(WithBound("quantile", quantile.quantile), quantile.value);
    }
    writer_.Sample(labels_, summary.sample_sum, "_sum");
    writer_.Sample(labels_, summary.sample_count, "_count");
  }

  void WriteBucket(double upper_bound, uint64_t cumulative_count) {
    writer_.Sample(WithBound("le", upper_bound), cumulative_count, "_bucket");
  }

  std::string WithBound(std::string_view name, double bound) const {
    std::string labels = labels_;
    AppendLabel(labels, name, BoundText(bound, writer_.format()));
    return labels;
  }

  MetricWriter& writer_;
  std::string labels_;  // of the metric that is being written
};

}  // namespace

void WriteFamilies(const std::vector<prometheus::MetricFamily>& families, MetricWriter& writer) {
  SampleWriter samples(writer);
  for (const prometheus::MetricFamily& source : families) {
    const std::string name = NameOf(source);
    CheckName(name, "_:");
    const std::string help = ValidUtf8(source.help, kMaxHelpBytes);
    const Family family{name, TypeOf(source), UnitOf(name), help};
    writer.Begin(family);
    for (const prometheus::ClientMetric& metric : source.metric) {
      samples.Write(source.type, metric);
    }
  }
}

void CollectableCollector::Collect(const Snapshot&, MetricWriter& writer) {
  WriteFamilies(collectable_->Collect(), writer);
}

}  // namespace memleak
