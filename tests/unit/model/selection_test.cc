#include "exporter/model/selection.h"

#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

// Candidates that are offered again and again.
struct Field {
  explicit Field(size_t limit, uint64_t the_threshold = 0)
      : selection(limit), threshold(the_threshold) {}

  void Decide(double now) {
    selection.Begin();
    for (size_t i = 0; i < sizes.size(); ++i) {
      selection.Offer(states[i], sizes[i], threshold, allowed[i], now);
    }
    selection.Decide(now);
  }
  void Set(std::vector<uint64_t> given) {
    sizes = std::move(given);
    states.resize(sizes.size());
    allowed.resize(sizes.size(), true);
  }
  std::vector<bool> Chosen() const {
    std::vector<bool> chosen;
    for (const SelectionState& state : states) chosen.push_back(state.chosen);
    return chosen;
  }

  Selection selection;
  uint64_t threshold;
  std::vector<uint64_t> sizes;
  std::vector<SelectionState> states;
  std::vector<bool> allowed;
};

using Flags = std::vector<bool>;

}  // namespace

TEST_CASE("the largest are chosen") {
  Field field(2);
  field.Set({10, 40, 20, 30});
  field.Decide(0);
  CHECK(field.Chosen() == Flags{false, true, false, true});
  CHECK(field.selection.chosen() == 2);
}

TEST_CASE("an incumbent gives way to a challenger that stays 10 % larger for five minutes") {
  Field field(1);
  field.Set({100, 0});
  field.Decide(0);
  field.Set({100, 111});
  for (double now = 10; now < 310; now += 10) {
    field.Decide(now);
    CHECK(field.Chosen() == Flags{true, false});
  }
  field.Decide(310);
  CHECK(field.Chosen() == Flags{false, true});
}

TEST_CASE("a challenger that is hardly larger never gets in") {
  Field field(1);
  field.Set({100, 0});
  field.Decide(0);
  field.Set({100, 110});
  for (double now = 10; now < 2000; now += 10) field.Decide(now);
  CHECK(field.Chosen() == Flags{true, false});
}

TEST_CASE("five minutes start anew when the challenge was interrupted") {
  Field field(1);
  field.Set({100, 0});
  field.Decide(0);
  for (int round = 0; round < 5; ++round) {
    const double start = round * 300;
    field.Set({100, 200});
    field.Decide(start + 1);
    field.Decide(start + 290);
    field.Set({100, 50});
    field.Decide(start + 295);
  }
  CHECK(field.Chosen() == Flags{true, false});
}

TEST_CASE("one that wavers around the threshold stays; one that stays below it leaves") {
  Field field(5, 100);
  field.Set({100, 99});
  field.Decide(0);
  CHECK(field.Chosen() == Flags{true, false});
  for (double now = 10; now < 1000; now += 10) {
    field.Set({now < 500 ? 91u : 105u, 99});
    field.Decide(now);
  }
  CHECK(field.Chosen() == Flags{true, false});
  field.Set({89, 99});
  field.Decide(1000);
  field.Decide(1299);
  CHECK(field.Chosen() == Flags{true, false});
  field.Decide(1300);
  CHECK(field.Chosen() == Flags{false, false});
}

TEST_CASE("the five minutes below the threshold start anew after a recovery") {
  Field field(5, 100);
  field.Set({100});
  field.Decide(0);
  field.Set({50});
  field.Decide(10);
  field.Decide(290);
  field.Set({95});
  field.Decide(295);
  field.Set({50});
  field.Decide(320);
  field.Decide(619);
  CHECK(field.Chosen() == Flags{true});
  field.Decide(620);
  CHECK(field.Chosen() == Flags{false});
}

TEST_CASE("one that may not enter does not, and free places are filled at once") {
  Field field(2);
  field.Set({50, 40, 30});
  field.allowed[0] = false;
  field.Decide(0);
  CHECK(field.Chosen() == Flags{false, true, true});
  field.states[1] = SelectionState{};
  field.allowed[1] = false;
  field.allowed[0] = true;
  field.Decide(1);
  CHECK(field.Chosen() == Flags{true, false, true});
}

TEST_CASE("several challengers replace several incumbents, the largest the smallest") {
  Field field(3);
  field.Set({10, 20, 100});
  field.Decide(0);
  field.Set({10, 20, 100, 50, 60, 5});
  field.Decide(1);
  field.Decide(301);
  CHECK(field.Chosen() == Flags{false, false, true, true, true, false});
  CHECK(field.selection.chosen() == 3);
}

TEST_CASE("a limit of nothing chooses nobody") {
  Field field(0);
  field.Set({1, 2});
  field.Decide(0);
  CHECK(field.Chosen() == Flags{false, false});
}

}  // namespace memleak
