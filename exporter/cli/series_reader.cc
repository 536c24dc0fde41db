#include "exporter/cli/series_reader.h"

#include <utility>

#include "exporter/cli/number_text.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

// Far more than a line of numbers takes; what is longer is no text.
constexpr size_t kMaxLine = size_t{64} << 10;

}  // namespace

void SeriesReader::Feed(std::string_view piece) {
  for (;;) {
    const size_t end = piece.find('\n');
    if (end == std::string_view::npos) break;
    if (begun_.empty()) {
      Line(piece.substr(0, end));
    } else {
      begun_ += piece.substr(0, end);
      Line(begun_);
      begun_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  if (begun_.size() + piece.size() > kMaxLine) {
    throw SeriesError(lines_ + 1, "the line is too long for a series of numbers");
  }
  begun_ += piece;
}

void SeriesReader::End() {
  if (!begun_.empty()) Line(std::exchange(begun_, {}));
  if (std::holds_alternative<std::monostate>(format_)) throw SeriesError(0, "the file is empty");
  if (samples_ == 0) throw SeriesError(0, "there is no sample in it");
}

void SeriesReader::Line(std::string_view line) {
  ++lines_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (std::holds_alternative<std::monostate>(format_)) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (lines_ == 1 && line.starts_with(kByteOrderMark)) {
      line.remove_prefix(kByteOrderMark.size());
    }
    if (Trimmed(line).empty()) return;
    if (PsLogReader::LooksLikeLine(line)) {
      format_.emplace<PsLogReader>(interval_);
    } else if (CsvReader::LooksLikeHeader(line)) {
      format_.emplace<CsvReader>(line, lines_);
      return;
    } else {
      throw SeriesError(lines_, Quoted(line) +
                                    " is not understood; expected a CSV header that names "
                                    "timestamp and value, or a log of ps");
    }
  }
  CsvReader* const csv = std::get_if<CsvReader>(&format_);
  const std::optional<RecordedSample> sample =
      csv != nullptr ? csv->Read(line, lines_) : std::get<PsLogReader>(format_).Read(line, lines_);
  if (!sample) return;
  if (samples_ > 0 && sample->time < last_time_) {
    throw SeriesError(lines_, "time goes back; the samples must be in order of time");
  }
  last_time_ = sample->time;
  ++samples_;
  sink_(*sample);
}

}  // namespace memleak
