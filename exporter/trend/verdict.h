// What the trend engine says of one resource of one entity: is it leaking, or just growing?
//
// Plain values. Times are in the clock of the samples, in seconds; values in the resource's unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

enum class TrendState : uint8_t {
  kUnknown,  // too little was seen to say
  kSteady,   // does not grow
  kWarming,  // grows as programs do after their start, or ever slower
  kGrowing,  // grows; not a leak by what is known
  kLeaking,  // grows as a leak does
};
inline constexpr std::string_view kTrendStateNames[] = {"unknown", "steady", "warming", "growing",
                                                        "leaking"};

enum class TrendPattern : uint8_t {
  kFlat,
  kWarmUp,
  kFollowsLoad,
  kSawtooth,
  kSteps,
  kClimb,
  kClimbUntilRestart,
};
inline constexpr std::string_view kTrendPatternNames[] = {
    "flat", "warm-up", "follows-load", "sawtooth", "steps", "climb", "climb-until-restart"};

enum class Confidence : uint8_t {
  kNone,       // no leak is suspected
  kLikely,     // the shape of a leak
  kConfirmed,  // and it grew without load, or the older of several instances are the larger ones
};
inline constexpr std::string_view kConfidenceNames[] = {"none", "likely", "confirmed"};

// The figures that the reasons are made of. Unknown ones are absent.
struct TrendEvidence {
  double from = 0;                    // value (of the troughs) where the growth began
  double to = 0;                      // and now
  double over_seconds = 0;            // between the two
  std::optional<double> steadiness;   // Kendall's tau of the troughs in the window, -1 to 1
  std::optional<double> load_change;  // load now over load when the growth began, 1 for unchanged
  std::optional<double> idle_growth;  // what it grew without load
  std::optional<double> idle_seconds;
  std::optional<double> sibling_correlation;  // of age and size in its group, -1 to 1
  uint32_t restarts = 0;                      // that the growth survived
};

struct Verdict {
  TrendState state = TrendState::kUnknown;
  TrendPattern pattern = TrendPattern::kFlat;
  Confidence confidence = Confidence::kNone;

  std::optional<double> baseline;  // the lowest in slots 11 to 22 of a life
  std::optional<double> baseline_time;
  std::optional<double> growth_per_second;  // 0 when known not to grow, absent while unknown
  std::optional<double> window_seconds;     // in which that growth was measured
  std::optional<double> growth_start;       // when it began
  // Until the limit, by the peaks. May be known before the growth is.
  std::optional<double> exhaustion_seconds;
  // While nothing can be said: how much longer it takes until something can.
  std::optional<double> known_in_seconds;
  TrendEvidence evidence;

  bool suspected() const { return state == TrendState::kLeaking; }
};

}  // namespace memleak
