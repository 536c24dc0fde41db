#include "exporter/host/slow_reads.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

constexpr SlowReads::Limits kImpatient{
    .deadline = milliseconds(20), .max_stuck = 4, .max_queue = 100};
constexpr std::chrono::seconds kLong{20};

// A job that stays until it is let go, and says when it started and ended.
struct Blocker {
  std::promise<void> gate;
  std::promise<void> started;
  std::promise<void> ended;
  std::shared_future<void> open = gate.get_future().share();

  std::function<void()> Job() {
    return [this, open = open] {
      started.set_value();
      open.wait();
      ended.set_value();
    };
  }
};

template <typename Condition>
bool Eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + kLong;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("jobs run in their order") {
  SlowReads reads;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(reads.Submit([&order, i] { order.push_back(i); }));
  }
  REQUIRE(reads.WaitIdle(kLong));
  REQUIRE(order.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<size_t>(i)] == i);
  CHECK(reads.stuck() == 0);
}

TEST_CASE("a job that never returns is abandoned, and the next ones run") {
  Blocker blocker;
  {
    SlowReads reads(kImpatient);
    REQUIRE(reads.Submit(blocker.Job()));
    std::atomic<bool> ran = false;
    REQUIRE(reads.Submit([&ran] { ran = true; }));
    REQUIRE(reads.WaitIdle(kLong));
    CHECK(ran);
    CHECK(reads.stuck() == 1);

    SECTION("and when it comes back after all, it is no longer counted") {
      blocker.gate.set_value();
      CHECK(Eventually([&] { return reads.stuck() == 0; }));
    }
    SECTION("and the owner can go while it is still stuck") {}
  }
  if (blocker.started.get_future().wait_for(kLong) == std::future_status::ready) {
    try {
      blocker.gate.set_value();
    } catch (const std::future_error&) {
      // The first section opened it already.
    }
  }
  CHECK(blocker.ended.get_future().wait_for(kLong) == std::future_status::ready);
}

TEST_CASE("at most four are abandoned; then the queue waits for one to come back") {
  std::vector<std::unique_ptr<Blocker>> blockers;
  {
    SlowReads reads(kImpatient);
    std::atomic<bool> ran = false;
    for (int i = 0; i < 5; ++i) {
      blockers.push_back(std::make_unique<Blocker>());
      REQUIRE(reads.Submit(blockers.back()->Job()));
    }
    REQUIRE(reads.Submit([&ran] { ran = true; }));
    for (const auto& blocker : blockers) blocker->started.get_future().wait();
    CHECK(Eventually([&] { return reads.stuck() == 5; }));
    CHECK_FALSE(reads.WaitIdle(milliseconds(100)));
    CHECK_FALSE(ran);

    blockers.front()->gate.set_value();
    REQUIRE(reads.WaitIdle(kLong));
    CHECK(ran);
    CHECK(Eventually([&] { return reads.stuck() == 4; }));
    for (size_t i = 1; i < blockers.size(); ++i) blockers[i]->gate.set_value();
  }
  for (const auto& blocker : blockers) {
    CHECK(blocker->ended.get_future().wait_for(kLong) == std::future_status::ready);
  }
}

TEST_CASE("a full queue refuses more") {
  Blocker blocker;
  SlowReads reads({.deadline = milliseconds(60'000), .max_stuck = 4, .max_queue = 2});
  REQUIRE(reads.Submit(blocker.Job()));
  blocker.started.get_future().wait();
  CHECK(reads.Submit([] {}));
  CHECK(reads.Submit([] {}));
  CHECK_FALSE(reads.Submit([] {}));
  blocker.gate.set_value();
  CHECK(reads.WaitIdle(kLong));
}

}  // namespace memleak
