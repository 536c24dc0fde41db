#include "exporter/cli/analyze_json.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "exporter/cli/findings.h"

namespace memleak {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

// By hand, since there may be a million of them.
void AppendNumber(std::string& out, double value) {
  std::array<char, 32> buffer{};
  out.append(buffer.data(), std::to_chars(buffer.begin(), buffer.end(), value).ptr);
}

void AppendOrNull(std::string& out, const std::optional<double>& value) {
  if (value) {
    AppendNumber(out, *value);
  } else {
    out += "null";
  }
}

template <typename Enum, size_t kCount>
std::string_view NameOf(const std::string_view (&names)[kCount], Enum value) {
  return names[static_cast<size_t>(value)];
}

}  // namespace

void AppendTimelineJson(std::string& out, double time, const Replay& replay) {
  const ReplayMoment now = replay.Now();
  out += "{\"timestamp\":";
  AppendNumber(out, time);
  out += ",\"state\":\"";
  out += NameOf(kTrendStateNames, now.verdict.state);
  out += "\",\"leak_suspected\":";
  out += replay.suspected() ? "true" : "false";
  out += ",\"growth_bytes_per_second\":";
  AppendOrNull(out, now.verdict.growth_per_second);
  out += ",\"exhaustion_seconds\":";
  AppendOrNull(out, now.exhaustion_seconds);
  out += "}\n";
}

void AppendSummaryJson(std::string& out, std::string_view file, const Replay& replay) {
  const ReplayMoment now = replay.Now();
  const Verdict& verdict = now.verdict;
  Json suspected = Json::array();
  for (const SuspectedInterval& interval : replay.suspected_intervals()) {
    suspected.push_back({interval.from, interval.to});
  }
  Json json;
  json["file"] = file;
  json["resource"] = NameOf(kSeriesResourceNames, now.resource);
  json["samples"] = replay.samples();
  json["state"] = NameOf(kTrendStateNames, verdict.state);
  json["pattern"] = NameOf(kTrendPatternNames, verdict.pattern);
  json["confidence"] = verdict.confidence == Confidence::kNone
                           ? Json(nullptr)
                           : Json(NameOf(kConfidenceNames, verdict.confidence));
  json["leak_suspected"] = replay.suspected();
  json["first_suspected"] = suspected.empty() ? Json(nullptr) : suspected[0][0];
  json["suspected"] = std::move(suspected);
  json["baseline_bytes"] = OrNull(verdict.baseline);
  json["growth_bytes_per_second"] = OrNull(verdict.growth_per_second);
  json["exhaustion_seconds"] = OrNull(now.exhaustion_seconds);
  json["window_seconds"] = OrNull(verdict.window_seconds);
  json["known_in_seconds"] = OrNull(verdict.known_in_seconds);
  json["reasons"] = ReasonsOf(replay);
  // A file's name can hold any byte.
  out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
  out += '\n';
}

}  // namespace memleak
