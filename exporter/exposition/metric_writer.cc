#include "exporter/exposition/metric_writer.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace memleak {
namespace {

// Longer than any integer and any shortest double ("-2.2250738585072014e-308").
using NumberText = std::array<char, 32>;

template <typename Number>
void AppendShortest(std::string& out, Number value) {
  NumberText text;
  const std::to_chars_result result = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), result.ptr);
}

std::string_view TypeName(MetricType type, Format format) {
  switch (type) {
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kCounter:
      return "counter";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kUnknown:
      break;
  }
  return format == Format::kText ? "untyped" : "unknown";
}

// A raw newline would end the comment line and break the whole body. Only OpenMetrics escapes
// quotes here: in text 0.0.4 the backslash would stay visible.
void AppendHelp(std::string& out, std::string_view help, Format format) {
  for (const char c : help) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '"':
        out += format == Format::kOpenMetrics ? "\\\"" : "\"";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace

void AppendNumber(std::string& out, double value) {
  // Below this every whole double is an exact integer; to_chars would shorten 1000000 to 1e+06.
  constexpr double kExactIntegers = 9007199254740992;  // 2^53
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::fabs(value) < kExactIntegers && std::trunc(value) == value) {
    AppendShortest(out, static_cast<int64_t>(value));
  } else {
    AppendShortest(out, value);
  }
}

void MetricWriter::Reset(Format format) {
  format_ = format;
  family_ = nullptr;
  header_written_ = false;
  samples_ = 0;
  buffer_.clear();
}

void MetricWriter::Begin(const Family& family) {
  family_ = &family;
  header_written_ = false;
}

void MetricWriter::Sample(std::string_view labels, uint64_t value, std::string_view suffix) {
  StartSample(labels, suffix);
  AppendShortest(buffer_, value);
  EndSample();
}

void MetricWriter::Sample(std::string_view labels, double value, std::string_view suffix) {
  StartSample(labels, suffix);
  AppendNumber(buffer_, value);
  EndSample();
}

void MetricWriter::Rollback(const Point& point) {
  buffer_.resize(point.size);
  samples_ = point.samples;
  family_ = point.family;
  header_written_ = point.header_written;
}

std::string_view MetricWriter::Finish() {
  family_ = nullptr;
  if (format_ == Format::kOpenMetrics) buffer_ += "# EOF\n";
  return buffer_;
}

void MetricWriter::WriteHeader() {
  // In text 0.0.4 a family has the name of its samples; OpenMetrics keeps "_total" out of it.
  const std::string_view total =
      family_->type == MetricType::kCounter && format_ == Format::kText ? "_total" : "";
  const auto start_line = [&](std::string_view keyword) {
    buffer_ += keyword;
    buffer_ += family_->name;
    buffer_ += total;
    buffer_ += ' ';
  };
  if (!family_->help.empty()) {
    start_line("# HELP ");
    AppendHelp(buffer_, family_->help, format_);
    buffer_ += '\n';
  }
  start_line("# TYPE ");
  buffer_ += TypeName(family_->type, format_);
  buffer_ += '\n';
  if (format_ == Format::kOpenMetrics && !family_->unit.empty()) {
    start_line("# UNIT ");
    buffer_ += family_->unit;
    buffer_ += '\n';
  }
  header_written_ = true;
}

void MetricWriter::StartSample(std::string_view labels, std::string_view suffix) {
  assert(family_ != nullptr);
  if (!header_written_) WriteHeader();
  buffer_ += family_->name;
  if (family_->type == MetricType::kCounter) buffer_ += "_total";
  buffer_ += suffix;
  if (!labels.empty()) {
    buffer_ += '{';
    buffer_ += labels;
    buffer_ += '}';
  }
  buffer_ += ' ';
}

void MetricWriter::EndSample() {
  buffer_ += '\n';
  ++samples_;
}

}  // namespace memleak
