#include "exporter/web/api/verdict_json.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "exporter/trend/reasons.h"

namespace memleak {
namespace {

bool IsWorthShowing(const TrendHistory& history, size_t index) {
  if (history.count == 0) return false;
  return index != kShmemTrend || std::any_of(history.all().begin(), history.all().end(),
                                             [](const Point& point) { return point.value > 0; });
}

Json PointsOf(const TrendHistory& history, Quantity quantity, double boot_time) {
  const bool bytes = quantity == Quantity::kBytes;
  Json points = Json::array();
  for (const Point& point : history.all()) {
    points.push_back(PointJson(boot_time + point.time, point.value));
  }
  Json json = Json::object();
  Put(json, "points", std::move(points));
  if (history.joined) Put(json, "joined", true);
  if (history.slope) {
    PutIfKnown(json, bytes ? "slope_bytes_per_second" : "slope_per_second", history.slope);
    Put(json, "through", PointJson(boot_time + history.through.time, history.through.value));
  }
  if (history.limit) {
    Put(json, bytes ? "limit_bytes" : "limit", std::llround(*history.limit));
  }
  return json;
}

}  // namespace

Json PointsJson(const Trend& trend, size_t index, Quantity quantity, double boot_time) {
  const TrendHistory history = trend.History(index);
  return history.count == 0 ? Json() : PointsOf(history, quantity, boot_time);
}

Json HistoryJson(const Trend& trend, const ResourceNames& names, double boot_time) {
  Json json = Json::object();
  for (size_t i = 0; i < names.size(); ++i) {
    const TrendHistory history = trend.History(i);
    if (!IsWorthShowing(history, i)) continue;
    Put(json, names[i].name, PointsOf(history, names[i].quantity, boot_time));
  }
  return json;
}

Json VerdictJson(std::string_view name, const Verdict& verdict, Quantity quantity,
                 double boot_time) {
  const auto date = [&](const std::optional<double>& time) {
    return time ? std::optional(boot_time + *time) : std::nullopt;
  };
  Json json = Json::object();
  Put(json, "resource", name);
  Put(json, "state", kTrendStateNames[static_cast<size_t>(verdict.state)]);
  Put(json, "pattern", kTrendPatternNames[static_cast<size_t>(verdict.pattern)]);
  if (verdict.confidence != Confidence::kNone) {
    Put(json, "confidence", kConfidenceNames[static_cast<size_t>(verdict.confidence)]);
  }
  Put(json, "leak_suspected", verdict.suspected());
  PutIfKnown(json, "baseline", verdict.baseline);
  PutIfKnown(json, "baseline_time", date(verdict.baseline_time));
  PutIfKnown(json, "growth_per_second", verdict.growth_per_second);
  PutIfKnown(json, "window_seconds", verdict.window_seconds);
  PutIfKnown(json, "growth_start", date(verdict.growth_start));
  PutIfKnown(json, "exhaustion_seconds", verdict.exhaustion_seconds);
  PutIfKnown(json, "known_in_seconds", verdict.known_in_seconds);
  Put(json, "reasons", Reasons(verdict, quantity));
  return json;
}

Json ResourcesJson(const Trend& trend, const ResourceNames& names, double boot_time) {
  Json json = Json::array();
  for (size_t i = 0; i < names.size(); ++i) {
    if (!IsWorthShowing(trend.History(i), i)) continue;
    json.push_back(VerdictJson(names[i].name, trend.Judge(i), names[i].quantity, boot_time));
  }
  return json;
}

Json LeaksJson(const Trend* trend, const ResourceNames& names) {
  Json json = Json::array();
  for (size_t i = 0; trend != nullptr && i < names.size(); ++i) {
    if (trend->Suspected(i)) json.push_back(names[i].name);
  }
  return json;
}

}  // namespace memleak
