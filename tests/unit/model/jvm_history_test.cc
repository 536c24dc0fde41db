#include "exporter/model/evidence/jvm_history.h"

#include <cstdint>
#include <optional>

#include "tests/catch.h"

namespace memleak {
namespace {

JvmHeap Serial(uint64_t old_used, uint64_t full, uint64_t young = 100) {
  JvmHeap heap;
  heap.old_used = old_used;
  heap.full_collections = full;
  heap.young_collections = young;
  return heap;
}

JvmHeap Concurrent(uint64_t old_used, uint64_t pauses) {
  JvmHeap heap;
  heap.old_used = old_used;
  heap.concurrent_collections = pauses;
  return heap;
}

}  // namespace

TEST_CASE("what is in use after a full collection is known from the first that is seen on") {
  JvmHistory history;
  history.Add(Serial(500, 3), 10);
  history.Add(Serial(600, 3), 20);
  CHECK_FALSE(history.after_full().last());
  CHECK(history.after_full().floors().empty());
  history.Add(Serial(200, 4), 30);
  history.Add(Serial(300, 4, 101), 40);
  CHECK(history.after_full().last() == 200U);
  // Two between two readings are one.
  history.Add(Serial(250, 6, 101), 50);
  CHECK(history.after_full().last() == 250U);
  REQUIRE(history.after_full().floors().size() == 2);
  CHECK(history.after_full().floors()[0].old_used == 200);
  CHECK(history.after_full().floors()[0].time == 30);
  CHECK(history.after_full().floors()[1].old_used == 250);
  CHECK(history.after_full().floors()[1].time == 50);
  CHECK(history.peak_old_used() == 600);
}

TEST_CASE("what was read while the collection was under way is corrected by the next reading") {
  JvmHistory history;
  history.Add(Serial(200, 3), 10);
  history.Add(Serial(200, 4), 20);
  CHECK(history.after_full().last() == 200U);
  history.Add(Serial(240, 4), 30);
  CHECK(history.after_full().last() == 240U);
  CHECK(history.after_full().floors().back().old_used == 240);
  // From then on it is garbage that gathers.
  history.Add(Serial(290, 4), 40);
  CHECK(history.after_full().last() == 240U);
  CHECK(history.after_full().floors().back().old_used == 240);
}

TEST_CASE("a correction of one collection leaves those that share its floor as they are") {
  JvmHistory history;
  history.Add(Serial(100, 0), 1);
  // More than there is room for: each floor stands for two collections.
  uint64_t full = 0;
  for (size_t i = 0; i < JvmFloors::kMax + 1; ++i) {
    ++full;
    history.Add(Serial(100 + full, full), 10.0 * static_cast<double>(full));
  }
  history.Add(Serial(50, ++full), 1'000);
  history.Add(Serial(500, full), 1'001);
  CHECK(history.after_full().last() == 500U);
  CHECK(history.after_full().floors().back().collections == 2);
  CHECK(history.after_full().floors().back().old_used == 100 + JvmFloors::kMax + 1);
}

TEST_CASE("what a collection frees after it was counted still counts for it") {
  JvmHistory history;
  history.Add(Serial(500, 0), 10);
  history.Add(Serial(400, 1), 20);
  history.Add(Serial(150, 1), 30);
  history.Add(Serial(450, 1), 40);
  CHECK(history.after_full().last() == 150U);
  CHECK(history.after_full().floors().back().old_used == 150);
}

TEST_CASE("a count that falls or vanishes is of another JVM") {
  JvmHistory history;
  history.Add(Serial(500, 3), 10);
  history.Add(Serial(200, 4), 20);
  history.heap.shown = true;

  SECTION("fewer full collections") { history.Add(Serial(50, 0, 200), 30); }
  SECTION("fewer young ones") { history.Add(Serial(50, 4, 1), 30); }
  SECTION("none published") { history.Add(Concurrent(50, 9), 30); }
  CHECK_FALSE(history.after_full().last());
  CHECK(history.after_full().floors().empty());
  CHECK(history.after_concurrent().floors().empty());
  CHECK(history.peak_old_used() == 50);
  CHECK(history.heap.first_time == 30);
  CHECK(history.heap.first.old_used == 50U);
  CHECK(history.heap.Shown() != nullptr);
}

TEST_CASE("a JVM that says nothing of its old generation has no floors") {
  JvmHistory history;
  JvmHeap heap;
  for (uint64_t i = 0; i < 20; ++i) {
    heap.full_collections = i;
    heap.concurrent_collections = i;
    history.Add(heap, static_cast<double>(i));
  }
  CHECK(history.after_full().floors().empty());
  CHECK(history.after_concurrent().floors().empty());
}

TEST_CASE("of a concurrent collector it is the lowest use between two cycles") {
  JvmHistory history;
  double now = 0;
  // Low before the first cycle: the JVM has just begun.
  for (int i = 0; i < 20; ++i) history.Add(Concurrent(1, 0), ++now);
  // One cycle of two pauses, and what it freed comes back some time later.
  history.Add(Concurrent(900, 1), ++now);
  history.Add(Concurrent(910, 2), ++now);
  for (const uint64_t used : {920U, 700U, 400U, 410U, 500U, 600U, 700U, 800U}) {
    history.Add(Concurrent(used, 2), ++now);
  }
  CHECK(history.after_concurrent().floors().empty());
  history.Add(Concurrent(900, 3), ++now);
  REQUIRE(history.after_concurrent().floors().size() == 1);
  CHECK(history.after_concurrent().floors()[0].old_used == 400);
  CHECK(history.after_concurrent().floors()[0].time == now);
  CHECK_FALSE(history.after_full().last());
}

TEST_CASE("cycles that are faster than readings are told by the lowest of several") {
  JvmHistory history;
  constexpr uint64_t kCount = 10 * JvmHistory::kReadingsOfFloor;
  for (uint64_t i = 0; i <= kCount; ++i) {
    history.Add(Concurrent(i % JvmHistory::kReadingsOfFloor == 3 ? 100 : 500 + i, 3 * i),
                static_cast<double>(i));
  }
  const auto& floors = history.after_concurrent().floors();
  CHECK(floors.size() == 9);
  for (const JvmFloor& floor : floors) CHECK(floor.old_used == 100);
}

TEST_CASE("a whole life fits into bounded room, and its lowest points are kept") {
  JvmHistory history;
  constexpr uint64_t kCollections = 1000;
  for (uint64_t i = 0; i <= kCollections; ++i) {
    JvmHeap heap = Serial(i * 10 + (i % 2 == 0 ? 0 : 5000), i);
    heap.metaspace_used = 1'000'000 - i;
    history.Add(heap, static_cast<double>(i));
  }
  const auto& floors = history.after_full().floors();
  CHECK(floors.size() > JvmFloors::kMax / 2);
  CHECK(floors.size() <= JvmFloors::kMax);
  uint64_t collections = 0;
  for (const JvmFloor& floor : floors) {
    collections += floor.collections;
    // Each is the lowest of those it stands for, the first of which is even or followed by one.
    CHECK(floor.time == static_cast<double>(collections));
    CHECK(floor.metaspace_used == 1'000'000 - collections);
    const uint64_t begin = collections - floor.collections + 1;
    CHECK(floor.old_used == (begin + begin % 2) * 10);
  }
  CHECK(collections == kCollections);
  CHECK(history.after_full().last() == kCollections * 10);
}

}  // namespace memleak
