#include "exporter/state_keeper.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "tests/catch.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

namespace fs = std::filesystem;

constexpr double kSlot = 60;
constexpr double kUptime = 5'000;
constexpr TrendShape kShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};

using Times = std::map<TrendKey, double>;  // of the last sample

// A host's proc tree, which has a boot id, and a place for the file.
struct Place {
  Place() {
    tree.Write("proc/sys/kernel/random/boot_id", "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9\n");
    tree.MakeFolder("state");
    options.path.procfs = tree.path() + "/proc";
    options.trend.state_file = tree.path() + "/state/trends";
  }

  TemporaryTree tree;
  Options options;
};

// What is adopted waits for its entity, and is kept meanwhile.
void Adopt(HostTrends& trends, const std::string& group, double time) {
  Trend trend(kShape, kSlot, 100);
  TrendSample sample;
  sample.time = time;
  sample.resources[0].value = 1e6;
  trend.Add(sample);
  trends.Adopt({TrendKey::Kind::kGroup, group}, trend);
}

Times TimesOf(const HostTrends& trends) {
  Times times;
  trends.ForEach([&](const TrendKey& key, const Trend& trend) { times[key] = trend.last_time(); });
  return times;
}

// What a next run knows.
Times Loaded(const Options& options, double uptime = kUptime) {
  HostTrends trends(kSlot);
  StateKeeper keeper(options);
  keeper.Load(trends, uptime);
  return TimesOf(trends);
}

TEST_CASE("what a run knew at its end, the next one knows") {
  const Place place;
  HostTrends trends(kSlot);
  StateKeeper keeper(place.options);
  keeper.Load(trends, kUptime);
  CHECK(TimesOf(trends).empty());
  Adopt(trends, "a", 200);
  keeper.Offer(trends, kUptime);
  Adopt(trends, "b", 300);
  keeper.Finish(trends, kUptime);
  CHECK(Loaded(place.options) == TimesOf(trends));
  CHECK(TimesOf(trends).size() == 2);
}

TEST_CASE("a run that was not begun writes nothing over what an earlier one left") {
  const Place place;
  {
    HostTrends trends(kSlot);
    StateKeeper keeper(place.options);
    keeper.Load(trends, kUptime);
    Adopt(trends, "a", 200);
    keeper.Finish(trends, kUptime);
  }
  const HostTrends nothing(kSlot);
  StateKeeper keeper(place.options);
  keeper.Offer(nothing, kUptime);
  keeper.Finish(nothing, kUptime);
  CHECK(Loaded(place.options).size() == 1);
}

TEST_CASE("without a file nothing is kept") {
  Place place;
  place.options.trend.state_file.clear();
  HostTrends trends(kSlot);
  StateKeeper keeper(place.options);
  keeper.Load(trends, kUptime);
  Adopt(trends, "a", 200);
  keeper.Offer(trends, kUptime);
  keeper.Finish(trends, kUptime);
  CHECK(fs::is_empty(place.tree.path() + "/state"));
}

TEST_CASE("a file of a later moment is of another boot") {
  const Place place;
  HostTrends trends(kSlot);
  StateKeeper keeper(place.options);
  keeper.Load(trends, kUptime);
  Adopt(trends, "a", 200);
  keeper.Finish(trends, kUptime);
  CHECK(Loaded(place.options, kUptime - 1).empty());
  CHECK(fs::exists(place.options.trend.state_file + ".other-boot"));
}

TEST_CASE("what is offered is written beside the run, which need not end well") {
  const Place place;
  HostTrends trends(kSlot);
  {
    StateKeeper keeper(place.options);
    keeper.Load(trends, kUptime);
    for (int i = 0; i < 1'000; ++i) {
      Adopt(trends, std::to_string(i), 200);
      keeper.Offer(trends, kUptime);
    }
    while (!fs::exists(place.options.trend.state_file)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // The first offer: it takes five slots until there is a second one.
  CHECK(Loaded(place.options).size() == 1);
  CHECK_FALSE(fs::exists(place.options.trend.state_file + ".tmp"));
}

}  // namespace
}  // namespace memleak
