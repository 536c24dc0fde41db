#include "exporter/model/selection.h"

#include <algorithm>

namespace memleak {

void Selection::Offer(SelectionState& state, uint64_t size, uint64_t threshold, bool allowed,
                      double now) {
  if (!state.chosen) {
    if (allowed && size >= threshold) challengers_.push_back({&state, size});
    return;
  }
  if (static_cast<double>(size) >= kLeaveRatio * static_cast<double>(threshold)) {
    state.small_since = SelectionState::kNever;
  } else if (state.small_since == SelectionState::kNever) {
    state.small_since = now;
  } else if (now - state.small_since >= kPatienceSeconds) {
    state = SelectionState{};
    return;
  }
  incumbents_.push_back({&state, size});
}

void Selection::Decide(double now) {
  const auto smaller = [](const Candidate& a, const Candidate& b) { return a.size < b.size; };
  const auto larger = [](const Candidate& a, const Candidate& b) { return a.size > b.size; };

  const size_t free = limit_ > incumbents_.size() ? limit_ - incumbents_.size() : 0;
  const size_t entering = std::min(free, challengers_.size());
  // Only the largest matter: those that enter, and one challenger for each incumbent.
  const size_t ranked = std::min(challengers_.size(), entering + incumbents_.size());
  std::partial_sort(challengers_.begin(), challengers_.begin() + static_cast<ptrdiff_t>(ranked),
                    challengers_.end(), larger);
  for (size_t i = 0; i < entering; ++i) challengers_[i].state->chosen = true;
  chosen_ = incumbents_.size() + entering;

  // The largest challenger stands against the smallest incumbent, the second against the second.
  std::sort(incumbents_.begin(), incumbents_.end(), smaller);
  for (size_t i = 0; i < incumbents_.size(); ++i) {
    SelectionState& incumbent = *incumbents_[i].state;
    const size_t against = entering + i;
    const bool beaten =
        against<ranked&& static_cast<double>(challengers_[against].size)> kChallengeRatio *
        static_cast<double>(incumbents_[i].size);
    if (!beaten) {
      incumbent.beaten_since = SelectionState::kNever;
    } else if (incumbent.beaten_since == SelectionState::kNever) {
      incumbent.beaten_since = now;
    } else if (now - incumbent.beaten_since >= kPatienceSeconds) {
      incumbent = SelectionState{};
      challengers_[against].state->chosen = true;
    }
  }
}

}  // namespace memleak
