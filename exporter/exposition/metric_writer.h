// Streams metric families into one text buffer: Prometheus text format 0.0.4 or OpenMetrics 1.0.
//
// The writer is what makes thousands of series cheap: it holds no label maps and no samples, every
// call appends to one reused buffer, numbers go through std::to_chars. Formats:
// https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics 1.0
// specification (https://github.com/prometheus/OpenMetrics).
//
// Ownership: the buffer is the writer's; Family fields and label texts are only read during a call.
// Threads: one writer belongs to one thread at a time. Errors: none; the caller passes valid names
// (Family constants) and label text made by AppendLabel (model/label_text.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace memleak {

enum class Format { kText, kOpenMetrics };

// kUnknown is "untyped" in text 0.0.4 and "unknown" in OpenMetrics.
enum class MetricType { kGauge, kCounter, kHistogram, kSummary, kUnknown };

// What a family is; usually a constexpr beside the collector that writes it.
struct Family {
  std::string_view name;  // without the "_total" of a counter: the writer adds it to the samples
  MetricType type;
  std::string_view unit;  // "bytes", "seconds" or empty; when given, `name` ends in "_" + unit
  std::string_view help;  // one sentence, unescaped
};

// The commonest kind.
constexpr Family BytesGauge(std::string_view name, std::string_view help) {
  return {name, MetricType::kGauge, "bytes", help};
}

class MetricWriter {
 public:
  explicit MetricWriter(Format format) : format_(format) {}

  // Forgets everything written and keeps the buffer's capacity.
  void Reset(Format format);

  // Starts a family. Its header appears with its first sample, so that a family without samples
  // leaves no trace. A family that was begun stays open until the next Begin or Finish: samples are
  // therefore contiguous. `family` must outlive the writing of its samples.
  void Begin(const Family& family);

  // Appends one sample of the open family. `labels` is rendered label text without braces, e.g.
  // `pid="1",comm="init"`, or empty. `suffix` is for histograms and summaries ("_bucket", "_sum",
  // "_count"); a counter's "_total" is added by the writer itself. A double that is a whole number
  // below 2^53 prints without exponent, any other as the shortest text that reads back the same;
  // "NaN", "+Inf" and "-Inf" as both formats spell them.
  void Sample(std::string_view labels, uint64_t value, std::string_view suffix = {});
  void Sample(std::string_view labels, double value, std::string_view suffix = {});

  // A point to return to, for a collector that fails halfway: what was written since is gone, and
  // the family that was open then is open again. Valid until Finish or Reset.
  struct Point {
    size_t size;
    size_t samples;
    const Family* family;
    bool header_written;
  };
  Point Mark() const { return {buffer_.size(), samples_, family_, header_written_}; }
  void Rollback(const Point& point);

  // Ends the body ("# EOF" in OpenMetrics) and returns it; valid until the next call.
  std::string_view Finish();

  Format format() const { return format_; }
  size_t samples() const { return samples_; }

 private:
  void WriteHeader();
  void StartSample(std::string_view labels, std::string_view suffix);
  void EndSample();

  Format format_;
  const Family* family_ = nullptr;
  bool header_written_ = false;
  size_t samples_ = 0;
  std::string buffer_;
};

// Appends `value` to `out` as MetricWriter prints it (used for label values such as "le", too).
void AppendNumber(std::string& out, double value);

}  // namespace memleak
