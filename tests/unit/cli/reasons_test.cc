#include "exporter/trend/reasons.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using Sentences = std::vector<std::string>;
constexpr double kMiB = 1048576;

Verdict Leak() {
  Verdict verdict;
  verdict.state = TrendState::kLeaking;
  verdict.pattern = TrendPattern::kClimb;
  verdict.confidence = Confidence::kLikely;
  verdict.evidence.from = 310 * kMiB;
  verdict.evidence.to = 622 * kMiB;
  verdict.evidence.over_seconds = 14.2 * 3600;
  verdict.evidence.steadiness = 0.97;
  return verdict;
}

TEST_CASE("why memory leaks") {
  Verdict verdict = Leak();
  verdict.evidence.load_change = 0.95;
  CHECK(Reasons(verdict, Quantity::kBytes) ==
        Sentences{"grew from 310 MiB to 622 MiB in 14.2 h",
                  "the lowest points rose in every part of the window", "load stayed the same"});
}

TEST_CASE("why it is confirmed") {
  Verdict verdict = Leak();
  verdict.confidence = Confidence::kConfirmed;
  verdict.evidence.steadiness = 0.8;
  verdict.evidence.load_change = 0;
  verdict.evidence.idle_growth = 40 * kMiB;
  verdict.evidence.idle_seconds = 35 * 60;
  verdict.evidence.sibling_correlation = 0.9;
  verdict.evidence.restarts = 3;
  CHECK(Reasons(verdict, Quantity::kBytes) ==
        Sentences{"grew from 310 MiB to 622 MiB in 14.2 h",
                  "the lowest points rose in most parts of the window", "load fell to nothing",
                  "grew 40 MiB in 35 idle minutes",
                  "the older of its instances are the larger ones",
                  "went on after each of 3 restarts"});
  verdict.evidence.idle_seconds = 7200;
  verdict.evidence.restarts = 1;
  const Sentences later = Reasons(verdict, Quantity::kBytes);
  CHECK(later[3] == "grew 40 MiB in 2 idle hours");
  CHECK(later[5] == "went on after a restart");
}

TEST_CASE("descriptors are named and counted") {
  Verdict verdict = Leak();
  verdict.evidence.from = 40;
  verdict.evidence.to = 3900;
  verdict.evidence.idle_growth = 12;
  verdict.evidence.idle_seconds = 60;
  const Sentences reasons = Reasons(verdict, Quantity::kDescriptors);
  CHECK(reasons[0] == "descriptors climbed from 40 to 3,900 in 14.2 h");
  CHECK(reasons[2] == "grew 12 descriptors in 60 idle seconds");
}

TEST_CASE("why it is no leak") {
  Verdict verdict = Leak();
  verdict.confidence = Confidence::kNone;
  const auto pattern = [&](TrendState state, TrendPattern of) {
    verdict.state = state;
    verdict.pattern = of;
    return Reasons(verdict, Quantity::kBytes).at(1);
  };
  CHECK(pattern(TrendState::kSteady, TrendPattern::kFlat) == "its lowest points do not rise");
  CHECK(pattern(TrendState::kWarming, TrendPattern::kWarmUp) == "levels off: not a leak");
  CHECK(pattern(TrendState::kGrowing, TrendPattern::kFollowsLoad) == "follows load: not a leak");
  CHECK(pattern(TrendState::kSteady, TrendPattern::kSawtooth) ==
        "falls back again and again: not a leak");
  CHECK(pattern(TrendState::kGrowing, TrendPattern::kSteps) ==
        "grew in a few steps: not a leak so far");
  // The same patterns in a leak never say so.
  for (const TrendPattern of :
       {TrendPattern::kFlat, TrendPattern::kWarmUp, TrendPattern::kFollowsLoad,
        TrendPattern::kSawtooth, TrendPattern::kSteps, TrendPattern::kClimb,
        TrendPattern::kClimbUntilRestart}) {
    CHECK(pattern(TrendState::kLeaking, of).find("not a leak") == std::string::npos);
  }
}

TEST_CASE("load in words") {
  Verdict verdict = Leak();
  const auto load = [&](double change) {
    verdict.evidence.load_change = change;
    return Reasons(verdict, Quantity::kBytes).at(2);
  };
  CHECK(load(1.14) == "load stayed the same");
  CHECK(load(1.8) == "load grew by 80 %");
  CHECK(load(0.25) == "load fell by 75 %");
  CHECK(load(1e9) == "load grew, too");
}

TEST_CASE("what is not known is said, and how long it takes") {
  Verdict verdict;
  CHECK(Reasons(verdict, Quantity::kBytes) ==
        Sentences{"too little was seen to tell a leak from growth that ends"});
  verdict.known_in_seconds = 840;
  CHECK(Reasons(verdict, Quantity::kBytes).back() == "can be told in 14 min");
}

TEST_CASE("growth without growth") {
  Verdict verdict = Leak();
  verdict.evidence.to = verdict.evidence.from + 1;
  CHECK(GrowthReason(verdict, Quantity::kBytes) == "stayed at 310 MiB in 14.2 h");
  verdict.evidence.to = kMiB;
  CHECK(GrowthReason(verdict, Quantity::kBytes) == "fell from 310 MiB to 1 MiB in 14.2 h");
  verdict.evidence.over_seconds = 0;
  CHECK(GrowthReason(verdict, Quantity::kBytes).empty());
}

}  // namespace
}  // namespace memleak
