#include "exporter/trend/jvm_reasons.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// A JVM of 512 MiB of old generation and 128 MiB of young, as it is read again and again.
struct Jvm {
  Jvm() {
    heap.old_used = 100 * kMiB;
    heap.old_capacity = 512 * kMiB;
    heap.young_capacity = 128 * kMiB;
    heap.metaspace_used = 40 * kMiB;
    heap.metaspace_capacity = 48 * kMiB;
    heap.young_collections = 0;
    heap.full_collections = 0;
  }
  void Read() { history.Add(heap, now += 15); }
  void Use(uint64_t mib) {
    heap.old_used = mib * kMiB;
    Read();
  }
  // Fills up by young collections, and is collected down to `mib`.
  void FullCollection(uint64_t mib) {
    ++*heap.young_collections;
    Use(mib + 150);
    ++*heap.full_collections;
    Use(mib);
  }
  void FullCollections(int count, const std::function<double(int)>& left) {
    for (int i = 0; i < count; ++i) FullCollection(static_cast<uint64_t>(left(i)));
  }

  JvmHeap heap;
  JvmHistory history;
  double now = 0;
};

// As G1 does: cycles of two pauses, which free memory bit by bit.
struct G1 : Jvm {
  G1() { heap.concurrent_collections = 0; }
  void Cycle(uint64_t mib) {
    *heap.concurrent_collections += 2;
    for (uint64_t left : {140U, 100U, 50U, 10U, 0U, 30U, 60U, 90U, 120U, 150U}) Use(mib + left);
  }
};

}  // namespace

TEST_CASE("a heap whose full collections leave ever more leaks") {
  Jvm jvm;
  jvm.Read();
  jvm.FullCollections(7, [](int i) { return 120 + 220.0 * i / 6; });
  CHECK(HeapLeaks(jvm.history));
  CHECK(JvmReason(jvm.history, std::nullopt) ==
        "old generation after full collections climbs: 120 MiB to 340 MiB over 7 of them");
  // Whatever the footprint says: what the heap shows is surer.
  CHECK(JvmReason(jvm.history, 1e9) == JvmReason(jvm.history, std::nullopt));
}

TEST_CASE("a leak is told over many collections, and by how many") {
  Jvm jvm;
  jvm.Read();
  jvm.FullCollections(500, [](int i) { return 100 + i / 2.0 + 6 * std::sin(i); });
  CHECK(HeapLeaks(jvm.history));
  CHECK_THAT(JvmReason(jvm.history, std::nullopt), ContainsText("over 500 of them"));
}

TEST_CASE("from four collections nothing is told") {
  Jvm jvm;
  jvm.Read();
  jvm.FullCollections(4, [](int i) { return 100 + 50 * i; });
  CHECK_FALSE(HeapLeaks(jvm.history));
  jvm.FullCollection(300);
  CHECK(HeapLeaks(jvm.history));
}

TEST_CASE("a healthy heap is none that leaks") {
  Jvm jvm;
  jvm.Read();
  const int count = GENERATE(5, 7, 12, 32, 33, 200);
  SECTION("steady") {
    jvm.FullCollections(count, [](int) { return 120; });
  }
  SECTION("restless") {
    jvm.FullCollections(count, [](int i) { return 150 + 50 * std::sin(i * 1.7); });
  }
  SECTION("hardly rising") {
    jvm.FullCollections(count, [&](int i) { return 200 + 8.0 * i / count; });
  }
  SECTION("shrinking") {
    jvm.FullCollections(count, [&](int i) { return 300 - 100.0 * i / count; });
  }
  SECTION("a cache that fills up") {
    jvm.FullCollections(count + 10, [&](int i) { return 300 - 200 * std::exp(-i / 3.0); });
  }
  SECTION("risen and fallen again") {
    jvm.FullCollections(count, [&](int i) { return 100 + 300.0 * i / count; });
    jvm.FullCollections(3, [](int) { return 110; });
  }
  CHECK_FALSE(HeapLeaks(jvm.history));
  CHECK(JvmReason(jvm.history, std::nullopt).empty());
}

TEST_CASE("a climb that ended long ago is not told any more") {
  Jvm jvm;
  jvm.Read();
  jvm.FullCollections(6, [](int i) { return 20 + 20 * i; });
  REQUIRE(HeapLeaks(jvm.history));
  for (int i = 0; i < 100; ++i) jvm.Use(130);
  CHECK_FALSE(HeapLeaks(jvm.history));
  CHECK(JvmReason(jvm.history, std::nullopt).empty());
}

TEST_CASE("where full collections are rare, the lowest use between cycles tells a leak") {
  G1 leaking;
  G1 healthy;
  for (uint64_t i = 0; i < 8; ++i) {
    leaking.Cycle(100 + 20 * i);
    healthy.Cycle(100 + i % 2);
  }
  CHECK(HeapLeaks(leaking.history));
  CHECK(JvmReason(leaking.history, std::nullopt) ==
        "old generation after concurrent collections climbs: 120 MiB to 220 MiB over 6 of them");
  CHECK_FALSE(HeapLeaks(healthy.history));
  CHECK(JvmReason(healthy.history, std::nullopt).empty());
}

TEST_CASE("classes that leak show as metaspace, although they hold heap, too") {
  Jvm jvm;
  jvm.Read();
  for (uint64_t i = 0; i < 7; ++i) {
    jvm.heap.metaspace_used = (40 + 25 * i) * kMiB;
    jvm.FullCollection(100 + 5 * i);
  }
  CHECK(JvmReason(jvm.history, std::nullopt) ==
        "metaspace grew by 150 MiB, and collections free none of it: classes or their loaders "
        "leak");
}

TEST_CASE("metaspace that is most of the growth is named before any collection") {
  Jvm jvm;
  jvm.Read();
  jvm.heap.metaspace_used = 190 * kMiB;
  jvm.heap.metaspace_capacity = 200 * kMiB;
  jvm.Read();
  CHECK(JvmReason(jvm.history, 200.0 * kMiB) == "metaspace grew by 150 MiB of 200 MiB");
  CHECK(JvmReason(jvm.history, std::nullopt).empty());
}

TEST_CASE("a footprint that grows beside a heap that stays is native memory") {
  Jvm jvm;
  jvm.Read();
  jvm.FullCollections(7, [](int) { return 90; });
  jvm.Use(103);
  // The collector's saw had touched 240 MiB: memory that the heap had taken by then.
  CHECK(JvmReason(jvm.history, 200.0 * kMiB).empty());
  CHECK(JvmReason(jvm.history, 1000.0 * kMiB) ==
        "heap stays: what grows is native memory (footprint +1000 MiB, heap +140 MiB)");
  CHECK_FALSE(HeapLeaks(jvm.history));

  Jvm idle;
  idle.Read();
  idle.Use(103);
  CHECK(JvmReason(idle.history, 200.0 * kMiB) ==
        "heap stays: what grows is native memory (footprint +200 MiB, heap +3 MiB)");
  // A few MiB are worth no word, and without the footprint nothing is known.
  CHECK(JvmReason(idle.history, 5.0 * kMiB).empty());
  CHECK(JvmReason(idle.history, -200.0 * kMiB).empty());
  CHECK(JvmReason(idle.history, std::nullopt).empty());
}

TEST_CASE("a heap that may have grown as much is not called native memory") {
  Jvm jvm;
  jvm.Read();
  SECTION("committed") { jvm.heap.old_capacity = 700 * kMiB; }
  SECTION("touched for the first time") { jvm.heap.old_used = 290 * kMiB; }
  SECTION("young") { jvm.heap.young_capacity = 320 * kMiB; }
  SECTION("metaspace") { jvm.heap.metaspace_capacity = 230 * kMiB; }
  jvm.Read();
  jvm.heap.old_used = 100 * kMiB;
  jvm.Read();
  CHECK(JvmReason(jvm.history, 200.0 * kMiB).empty());
}

TEST_CASE("memory that moves from one generation to the other is no growth") {
  Jvm jvm;
  jvm.Read();
  jvm.heap.old_capacity = 612 * kMiB;
  jvm.heap.young_capacity = 28 * kMiB;
  jvm.Read();
  CHECK(JvmReason(jvm.history, 200.0 * kMiB) ==
        "heap stays: what grows is native memory (footprint +200 MiB, heap +0 B)");
}

TEST_CASE("a JVM that says nothing of its heap gives no reason") {
  CHECK(JvmReason(JvmHistory(), 1e9).empty());
  JvmHistory history;
  history.Add({}, 15);
  history.Add({}, 30);
  CHECK(JvmReason(history, 1e9).empty());
  CHECK_FALSE(HeapLeaks(history));
}

}  // namespace memleak
