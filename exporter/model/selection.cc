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

void Selection::OfferSuspect(SelectionState& state, uint64_t size, double exhausts_in) {
  // Where there are too many, one that is shown must be outdone, not just met, or two that are
  // alike would take turns.
  const double ahead = state.chosen ? kChallengeRatio : 1;
  suspects_.push_back({&state, static_cast<double>(size) * ahead, exhausts_in / ahead});
}

// Returns how many of them were placed.
size_t Selection::PlaceSuspects() {
  const size_t placed = std::min(limit_, suspects_.size());
  if (placed < suspects_.size()) {
    std::nth_element(suspects_.begin(), suspects_.begin() + static_cast<ptrdiff_t>(placed),
                     suspects_.end(), [](const Suspect& a, const Suspect& b) {
                       return a.exhausts_in != b.exhausts_in ? a.exhausts_in < b.exhausts_in
                                                             : a.size > b.size;
                     });
  }
  for (size_t i = 0; i < suspects_.size(); ++i) {
    *suspects_[i].state = SelectionState{};
    suspects_[i].state->chosen = i < placed;
  }
  suspects_cut_ = suspects_.size() - placed;
  return placed;
}

// The smallest give way.
void Selection::MakeRoom(size_t places) {
  if (incumbents_.size() <= places) return;
  std::nth_element(incumbents_.begin(), incumbents_.begin() + static_cast<ptrdiff_t>(places),
                   incumbents_.end(),
                   [](const Candidate& a, const Candidate& b) { return a.size > b.size; });
  for (size_t i = places; i < incumbents_.size(); ++i) *incumbents_[i].state = SelectionState{};
  incumbents_.resize(places);
}

void Selection::Decide(double now) {
  const auto smaller = [](const Candidate& a, const Candidate& b) { return a.size < b.size; };
  const auto larger = [](const Candidate& a, const Candidate& b) { return a.size > b.size; };

  const size_t suspects = PlaceSuspects();
  const size_t places = limit_ - suspects;
  MakeRoom(places);
  const size_t free = places - incumbents_.size();
  const size_t entering = std::min(free, challengers_.size());
  // Only the largest matter: those that enter, and one challenger for each incumbent.
  const size_t ranked = std::min(challengers_.size(), entering + incumbents_.size());
  std::partial_sort(challengers_.begin(), challengers_.begin() + static_cast<ptrdiff_t>(ranked),
                    challengers_.end(), larger);
  for (size_t i = 0; i < entering; ++i) challengers_[i].state->chosen = true;
  chosen_ = suspects + incumbents_.size() + entering;

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
