#include "exporter/cli/csv_reader.h"

#include <algorithm>
#include <cmath>

#include "exporter/cli/number_text.h"
#include "exporter/cli/timestamp.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr double kUnlimited = 1152921504606846976.0;  // 2^60
constexpr double kLargest = 1e30;                     // what is beyond was not measured

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

CsvReader::CsvReader(std::string_view header, size_t line) {
  Split(header, line);
  header_cells_ = cells_.size();
  for (size_t cell = 0; cell < cells_.size(); ++cell) {
    const std::string name = LowerCase(cells_[cell]);
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) continue;
    size_t& place = places_.at(static_cast<size_t>(found - kNames.begin()));
    if (place != 0) throw SeriesError(line, "there are two columns " + Quoted(name));
    place = cell + 1;
  }
  for (const Column needed : {kTimestamp, kValue}) {
    if (places_[needed] == 0) {
      throw SeriesError(line, "there is no column " + Quoted(kNames[needed]) +
                                  "; the header must name timestamp and value, as in "
                                  "timestamp,value,limit");
    }
  }
}

bool CsvReader::LooksLikeHeader(std::string_view line) {
  if (line.find(',') != std::string_view::npos) return true;
  const std::string name = LowerCase(Trimmed(line));
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view known) {
    return name == known || name == '"' + std::string(known) + '"';
  });
}

std::optional<RecordedSample> CsvReader::Read(std::string_view row, size_t line) {
  if (Trimmed(row).empty()) return std::nullopt;
  Split(row, line);
  if (cells_.size() < std::max(places_[kTimestamp], places_[kValue])) {
    throw SeriesError(line, "has " + std::to_string(cells_.size()) + " of the header's " +
                                std::to_string(header_cells_) +
                                " fields; at least timestamp and value are needed");
  }
  RecordedSample sample;
  if (Field(kTimestamp).empty()) throw SeriesError(line, "the timestamp is missing");
  sample.time = Time(kTimestamp, line);
  sample.value = Number(kValue, line);
  if (std::isnan(sample.value)) return std::nullopt;
  sample.limit = Limit(line);
  sample.cpu_seconds = Number(kCpu, line);
  sample.threads = Number(kThreads, line);
  sample.fds = Number(kFds, line);
  sample.connections = Number(kConnections, line);
  sample.start_time = Time(kStart, line);
  sample.records_fds = places_[kFds] != 0;
  return sample;
}

void CsvReader::Split(std::string_view row, size_t line) {
  cells_.clear();
  if (row.find('"') == std::string_view::npos) {
    for (size_t begin = 0; begin <= row.size();) {
      const size_t end = std::min(row.find(',', begin), row.size());
      cells_.push_back(Trimmed(row.substr(begin, end - begin)));
      begin = end + 1;
    }
    return;
  }
  // Cells point into the text without quotes, which must not move while they are made.
  unquoted_.clear();
  unquoted_.reserve(row.size());
  size_t begin = 0;
  bool quoted = false;
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '"') {
      if (quoted && i + 1 < row.size() && row[i + 1] == '"') {
        unquoted_ += row[++i];
      } else {
        quoted = !quoted;
      }
    } else if (row[i] == ',' && !quoted) {
      cells_.push_back(Trimmed(std::string_view{unquoted_}.substr(begin)));
      begin = unquoted_.size();
    } else {
      unquoted_ += row[i];
    }
  }
  if (quoted) throw SeriesError(line, "a double quote is not closed");
  cells_.push_back(Trimmed(std::string_view{unquoted_}.substr(begin)));
}

std::string_view CsvReader::Field(Column column) const {
  const size_t place = places_[column];
  return place == 0 || place > cells_.size() ? std::string_view() : cells_[place - 1];
}

double CsvReader::Number(Column column, size_t line) const {
  const std::string_view field = Field(column);
  if (field.empty()) return RecordedSample::kAbsent;
  const std::optional<double> number = ParseNumber(field);
  if (!number || !(std::abs(*number) <= kLargest)) {  // NaN too
    throw SeriesError(line, std::string(kNames[column]) + ' ' + Quoted(field) +
                                " is not a number; leave it empty where nothing was measured");
  }
  return *number;
}

double CsvReader::Limit(size_t line) const {
  const std::string_view field = Field(kLimit);
  const std::optional<double> number = ParseNumber(field);
  if (field == "max" || (number && *number > 0 && std::isinf(*number))) {
    return RecordedSample::kAbsent;
  }
  const double limit = Number(kLimit, line);
  return limit > 0 && limit < kUnlimited ? limit : RecordedSample::kAbsent;
}

double CsvReader::Time(Column column, size_t line) const {
  const std::string_view field = Field(column);
  if (field.empty()) return RecordedSample::kAbsent;
  const std::optional<double> time = ParseTimestamp(field);
  if (!time) {
    throw SeriesError(line, std::string(kNames[column]) + ' ' + Quoted(field) +
                                " is not a time; use Unix seconds or ISO 8601, like "
                                "2026-11-20T14:08:01Z");
  }
  return *time;
}

}  // namespace memleak
