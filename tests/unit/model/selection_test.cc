#include "exporter/model/selection.h"

#include <limits>
#include <optional>
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
      if (exhausts_in[i]) {
        selection.OfferSuspect(states[i], sizes[i], *exhausts_in[i]);
      } else {
        selection.Offer(states[i], sizes[i], threshold, allowed[i], now);
      }
    }
    selection.Decide(now);
  }
  void Set(std::vector<uint64_t> given) {
    sizes = std::move(given);
    states.resize(sizes.size());
    allowed.resize(sizes.size(), true);
    exhausts_in.resize(sizes.size());
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
  std::vector<std::optional<double>> exhausts_in;  // of suspects
};

using Flags = std::vector<bool>;
constexpr double kNever = std::numeric_limits<double>::infinity();

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
  field.exhausts_in[1] = 3;
  field.Decide(0);
  CHECK(field.Chosen() == Flags{false, false});
  CHECK(field.selection.chosen() == 0);
  CHECK(field.selection.suspects_cut() == 1);
}

TEST_CASE("a suspect takes the place of the smallest at once, whatever its size and age") {
  Field field(2, 100);
  field.Set({500, 400, 1});
  field.allowed[2] = false;
  field.Decide(0);
  CHECK(field.Chosen() == Flags{true, true, false});
  field.exhausts_in[2] = kNever;
  field.Decide(1);
  CHECK(field.Chosen() == Flags{true, false, true});
  CHECK(field.selection.chosen() == 2);
  CHECK(field.selection.suspects_cut() == 0);
}

TEST_CASE("one that is no suspect any more leaves as any other does") {
  Field field(1, 100);
  field.Set({1, 500});
  field.exhausts_in[0] = 60;
  field.Decide(0);
  REQUIRE(field.Chosen() == Flags{true, false});
  field.exhausts_in[0].reset();
  field.Decide(10);
  field.Decide(300);
  CHECK(field.Chosen() == Flags{true, false});
  field.Decide(310);
  CHECK(field.Chosen() == Flags{false, true});
}

TEST_CASE("of too many suspects those are shown that run out first, then the largest") {
  Field field(2);
  field.Set({10, 20, 30, 999});
  field.exhausts_in = {60, kNever, kNever, {}};
  field.Decide(0);
  CHECK(field.Chosen() == Flags{true, false, true, false});
  CHECK(field.selection.suspects_cut() == 1);
  field.exhausts_in[1] = 50;
  field.Decide(1);
  CHECK(field.Chosen() == Flags{true, true, false, false});
}

TEST_CASE("suspects that are alike do not take turns") {
  Field field(1);
  field.Set({100, 100});
  field.exhausts_in = {60, 61};
  field.Decide(0);
  REQUIRE(field.Chosen() == Flags{true, false});
  field.exhausts_in = {62, 60};
  field.Set({100, 105});
  field.Decide(1);
  CHECK(field.Chosen() == Flags{true, false});
  field.exhausts_in = {kNever, kNever};
  field.Decide(2);
  CHECK(field.Chosen() == Flags{true, false});
  field.Set({100, 111});
  field.Decide(3);
  CHECK(field.Chosen() == Flags{false, true});
}

}  // namespace memleak
