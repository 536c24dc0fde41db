#include "exporter/cli/analyze_text.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "exporter/cli/findings.h"
#include "exporter/cli/plot.h"
#include "exporter/cli/timestamp.h"
#include "exporter/config/quote.h"
#include "exporter/trend/figures.h"

namespace memleak {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr size_t kMaxNameBytes = 4096;
// More than this many intervals are only counted.
constexpr size_t kListedIntervals = 3;

Quantity QuantityOf(SeriesResource resource) {
  return resource == SeriesResource::kFds ? Quantity::kDescriptors : Quantity::kBytes;
}

// "climbs 3.33 MiB/h since 2026-11-20 04:00 UTC"
std::string GrowthText(const Verdict& verdict, Quantity quantity) {
  std::string text = "climbs";
  if (verdict.pattern == TrendPattern::kSawtooth) text = "its lowest points climb";
  if (verdict.growth_per_second && *verdict.growth_per_second > 0) {
    text += ' ' + RateText(*verdict.growth_per_second, quantity);
  }
  if (verdict.growth_start) text += " since " + TimestampText(*verdict.growth_start);
  return text;
}

std::string SteadyText(TrendPattern pattern) {
  switch (pattern) {
    case TrendPattern::kFollowsLoad:
      return "not leaking: follows its load";
    case TrendPattern::kSawtooth:
      return "not leaking: grows and falls back";
    case TrendPattern::kWarmUp:
      return "not leaking: grew and levelled off";
    case TrendPattern::kSteps:
      return "not leaking: a few steps, and flat between them";
    case TrendPattern::kFlat:
    case TrendPattern::kClimb:
    case TrendPattern::kClimbUntilRestart:
      break;
  }
  return "not leaking: does not grow";
}

std::string IntervalText(const SuspectedInterval& interval, bool goes_on) {
  if (goes_on) return "from " + TimestampText(interval.from) + " to the end";
  return "from " + PeriodText(interval.from, interval.to);
}

void AppendLine(std::string& out, std::string_view line) {
  out += kIndent;
  out += line;
  out += '\n';
}

// `alarm`: what happened in the intervals.
void AppendSuspicion(std::string& out, const Replay& replay, const std::string& alarm) {
  const std::vector<SuspectedInterval>& all = replay.suspected_intervals();
  if (all.empty()) return;
  if (all.size() > kListedIntervals) {
    AppendLine(out, alarm + ' ' + std::to_string(all.size()) + " times, first " +
                        IntervalText(all.front(), false) + ", last " +
                        IntervalText(all.back(), replay.suspected()));
    return;
  }
  for (const SuspectedInterval& interval : all) {
    const bool goes_on = replay.suspected() && &interval == &all.back();
    AppendLine(out, alarm + ' ' + IntervalText(interval, goes_on));
  }
}

void AppendPlot(std::string& out, const Replay& replay, bool utf8) {
  const Outline& outline = replay.outline();
  const Quantity quantity = QuantityOf(replay.settings().resource);
  if (outline.used_cells() < 2) return;
  AppendLine(out, PlotLine(outline, utf8) + "  " + AmountText(outline.least(), quantity) + " to " +
                      AmountText(outline.greatest(), quantity) + ", " +
                      PeriodText(outline.first().time, outline.last().time));
}

void AppendVerdict(std::string& out, std::string_view name, const Replay& replay) {
  out += Printable(name, kMaxNameBytes) + ": " + VerdictSentence(replay) + '\n';
}

}  // namespace

std::string VerdictSentence(const Replay& replay) {
  const ReplayMoment now = replay.Now();
  const Verdict& verdict = now.verdict;
  const Quantity quantity = QuantityOf(now.resource);
  const std::string in_time = now.exhaustion_seconds
                                  ? ", at its limit in " + DurationText(*now.exhaustion_seconds)
                                  : std::string();
  switch (verdict.state) {
    case TrendState::kLeaking:
      return "leaking " +
             std::string(quantity == Quantity::kDescriptors ? "descriptors " : "memory ") + '(' +
             std::string(kConfidenceNames[static_cast<size_t>(verdict.confidence)]) +
             "): " + GrowthText(verdict, quantity) + in_time;
    case TrendState::kGrowing: {
      const std::string why = verdict.pattern == TrendPattern::kFollowsLoad
                                  ? "with its load"
                                  : "but not as a leak does, as far as can be told";
      return "growing, " + why + ": " + GrowthText(verdict, quantity) + in_time;
    }
    case TrendState::kWarming:
      return "warming up: grows as programs do after their start, or ever slower" + in_time;
    case TrendState::kSteady:
      return SteadyText(verdict.pattern) + in_time;
    case TrendState::kUnknown:
      break;
  }
  std::string text = "unknown: record ";
  text += verdict.known_in_seconds ? DurationText(*verdict.known_in_seconds) + " more" : "longer";
  return text + " to tell" + in_time;
}

std::string PlainArithmetic(const Replay& replay) {
  const Outline& outline = replay.outline();
  const Quantity quantity = QuantityOf(replay.settings().resource);
  const Outline::Point& first = outline.first_of_life();
  const Outline::Point& last = outline.last();
  const double seconds = last.time - first.time;
  const auto amount = [&](double value) { return DecimalAmountText(value, quantity); };
  if (seconds <= 0) {
    return amount(last.value) + " once; a rate takes a second sample, some time later";
  }
  const double rate = (last.value - first.value) / seconds;
  std::string text = amount(first.value) + " to " + amount(last.value) + " in " +
                     DurationText(seconds) +
                     (outline.restarts() > 0 ? " since its last start" : "") + ", " +
                     DecimalRateText(rate, quantity) + "; ";
  const std::optional<double> limit = replay.limit();
  if (!limit) return text + "no limit is known (--limit sets one)";
  text += "the limit of " + amount(*limit) + ' ';
  if (last.value >= *limit) return text + "is reached";
  if (rate <= 0) return text + "is not reached that way";
  return text + "is reached in " + DurationText((*limit - last.value) / rate) + " at that rate";
}

void AppendSummaryText(std::string& out, std::string_view name, const Replay& replay, bool utf8) {
  AppendVerdict(out, name, replay);
  for (const std::string& reason : ReasonsOf(replay)) AppendLine(out, reason);
  AppendSuspicion(out, replay, "a leak was suspected");
  AppendPlot(out, replay, utf8);
  AppendLine(out, "plain arithmetic: " + PlainArithmetic(replay));
}

void AppendBacktestText(std::string& out, std::string_view name, const Replay& replay, bool utf8) {
  AppendVerdict(out, name, replay);
  if (replay.suspected_intervals().empty()) {
    AppendLine(out, "would not have alerted; plain arithmetic: " + PlainArithmetic(replay));
    return;
  }
  AppendSuspicion(out, replay, "would have alerted");
  for (const std::string& reason : ReasonsOf(replay)) AppendLine(out, reason);
  AppendPlot(out, replay, utf8);
  AppendLine(out, "plain arithmetic: " + PlainArithmetic(replay));
}

}  // namespace memleak
