#include "exporter/trend/reasons.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "exporter/trend/figures.h"

namespace memleak {
namespace {

// Load that differs by less is the same load.
constexpr double kSameLoad = 0.15;

std::string PatternText(const Verdict& verdict) {
  const TrendEvidence& evidence = verdict.evidence;
  const bool leak = verdict.suspected();
  switch (verdict.pattern) {
    case TrendPattern::kFlat:
      return "its lowest points do not rise";
    case TrendPattern::kWarmUp:
      return leak ? "grows ever since its start" : "levels off: not a leak";
    case TrendPattern::kFollowsLoad:
      return leak ? "follows load, and keeps part of it" : "follows load: not a leak";
    case TrendPattern::kSawtooth:
      return leak ? "falls back again and again, but to ever higher points"
                  : "falls back again and again: not a leak";
    case TrendPattern::kSteps:
      return leak ? "grew in steps, again and again" : "grew in a few steps: not a leak so far";
    case TrendPattern::kClimb:
    case TrendPattern::kClimbUntilRestart:
      break;
  }
  if (verdict.pattern == TrendPattern::kClimbUntilRestart) {
    return "climbs until it is started anew, and then again";
  }
  if (evidence.steadiness && *evidence.steadiness >= 0.95) {
    return "the lowest points rose in every part of the window";
  }
  return "the lowest points rose in most parts of the window";
}

std::string LoadText(double change) {
  if (std::abs(change - 1) <= kSameLoad) return "load stayed the same";
  // More than this was hardly any load before.
  if (change > 100) return "load grew, too";
  if (change < 0.005) return "load fell to nothing";
  const auto percent = static_cast<int>(std::lround(std::abs(change - 1) * 100));
  return "load " + std::string(change > 1 ? "grew" : "fell") + " by " + std::to_string(percent) +
         " %";
}

// "35 idle minutes"
std::string IdleTimeText(double seconds) {
  struct Unit {
    double from;  // used from here on
    double seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{7200, 3600, "hour"}, {120, 60, "minute"}, {0, 1, "second"}};
  const Unit& unit = *std::find_if(std::begin(kUnits), std::end(kUnits) - 1,
                                   [&](const Unit& each) { return seconds >= each.from; });
  const auto count = std::llround(std::min(seconds, 1e12) / unit.seconds);
  return std::to_string(count) + " idle " + unit.name + (count == 1 ? "" : "s");
}

}  // namespace

std::string GrowthReason(const Verdict& verdict, Quantity quantity) {
  const TrendEvidence& evidence = verdict.evidence;
  if (evidence.over_seconds <= 0) return {};
  const bool descriptors = quantity == Quantity::kDescriptors;
  const std::string what = descriptors ? "descriptors " : "";
  const std::string from = AmountText(evidence.from, quantity);
  const std::string to = AmountText(evidence.to, quantity);
  const std::string in = " in " + DurationText(evidence.over_seconds);
  if (from == to) return what + "stayed at " + to + in;
  const bool up = evidence.to > evidence.from;
  return what +
         (!up           ? "fell"
          : descriptors ? "climbed"
                        : "grew") +
         " from " + from + " to " + to + in;
}

std::vector<std::string> Reasons(const Verdict& verdict, Quantity quantity) {
  const TrendEvidence& evidence = verdict.evidence;
  std::vector<std::string> reasons;
  if (std::string growth = GrowthReason(verdict, quantity); !growth.empty()) {
    reasons.push_back(std::move(growth));
  }
  if (verdict.state == TrendState::kUnknown) {
    reasons.emplace_back("too little was seen to tell a leak from growth that ends");
    if (verdict.known_in_seconds) {
      reasons.push_back("can be told in " + DurationText(*verdict.known_in_seconds));
    }
    return reasons;
  }
  reasons.push_back(PatternText(verdict));
  if (evidence.load_change && std::isfinite(*evidence.load_change)) {
    reasons.push_back(LoadText(*evidence.load_change));
  }
  if (evidence.idle_growth && evidence.idle_seconds && *evidence.idle_growth > 0) {
    const std::string unit = quantity == Quantity::kDescriptors ? " descriptors" : "";
    reasons.push_back("grew " + AmountText(*evidence.idle_growth, quantity) + unit + " in " +
                      IdleTimeText(*evidence.idle_seconds));
  }
  if (verdict.confidence == Confidence::kConfirmed && evidence.sibling_correlation &&
      *evidence.sibling_correlation > 0) {
    reasons.emplace_back("the older of its instances are the larger ones");
  }
  if (evidence.restarts > 0) {
    reasons.push_back(evidence.restarts == 1 ? "went on after a restart"
                                             : "went on after each of " +
                                                   std::to_string(evidence.restarts) + " restarts");
  }
  return reasons;
}

}  // namespace memleak
