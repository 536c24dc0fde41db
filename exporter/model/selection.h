// Chooses the few that are exported one by one, suspects first and then the largest, with
// hysteresis, so that series do not flap.
//
// A suspect enters at once, whatever its size; of too many, those that run out first. Any other one
// that was chosen leaves when it ends, when it stayed below 90 % of the threshold for five minutes,
// or when the limit is reached and a suspect needs its place or a challenger stayed 10 % larger for
// five minutes. No clock of its own; one thread; allocates only while it sees more candidates than
// ever before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace memleak {

// Kept beside what is chosen from; it lives as long as the candidate does.
struct SelectionState {
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  bool chosen = false;
  double small_since = kNever;   // since when below the threshold
  double beaten_since = kNever;  // since when a challenger is larger
};

class Selection {
 public:
  static constexpr double kPatienceSeconds = 300;
  static constexpr double kChallengeRatio = 1.1;
  static constexpr double kLeaveRatio = 0.9;

  explicit Selection(size_t limit) : limit_(limit) {}

  void Begin() {
    incumbents_.clear();
    challengers_.clear();
    suspects_.clear();
  }
  // Offers a candidate of this pass. `allowed` is false for one that may not enter whatever its
  // size (too young); `threshold` 0 lets any size in.
  void Offer(SelectionState& state, uint64_t size, uint64_t threshold, bool allowed, double now);
  // Offers a suspect, which runs out in this many seconds (infinity: never).
  void OfferSuspect(SelectionState& state, uint64_t size, double exhausts_in);
  // Decides; afterwards `chosen` of every candidate says who is in.
  void Decide(double now);

  size_t chosen() const { return chosen_; }
  // Suspects that did not fit.
  size_t suspects_cut() const { return suspects_cut_; }

 private:
  struct Candidate {
    SelectionState* state;
    uint64_t size;
  };
  struct Suspect {
    SelectionState* state;
    double size;
    double exhausts_in;
  };

  size_t PlaceSuspects();
  void MakeRoom(size_t places);

  size_t limit_;
  size_t chosen_ = 0;
  size_t suspects_cut_ = 0;
  std::vector<Suspect> suspects_;
  std::vector<Candidate> incumbents_;
  std::vector<Candidate> challengers_;
};

}  // namespace memleak
