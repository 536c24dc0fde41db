// What was read of one JVM's heap over its life: the last reading, and what lived, which is how
// much of the old generation was in use when collections had just cleared it.
//
// A full collection tells it at once. Concurrent collectors hardly ever do one and free memory some
// time after each of their cycles (G1 by several young collections), so there it is the lowest use
// between one cycle and a later one. Bounded, no clock of its own, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "exporter/host/evidence/jvm_heap.h"
#include "exporter/model/evidence/observed.h"

namespace memleak {

// What was left in use, after one collection or after several in a row: then the least.
struct JvmFloor {
  double time = 0;           // monotonic seconds, of the last of them
  uint64_t old_used = 0;     // bytes
  uint64_t collections = 1;  // as they were seen
  std::optional<uint64_t> metaspace_used;
};

// Floors of a whole life in bounded room: when there are too many, two become one, and from then on
// each stands for twice as many collections.
class JvmFloors {
 public:
  static constexpr size_t kMax = 32;  // even

  // One collection more, and what was in use then. `heap` must have `old_used`.
  void Add(const JvmHeap& heap, double time);
  // What the last one left, where that was read too early.
  void Correct(const JvmHeap& heap);
  // Less was in use since: the last one was lower.
  void Lower(const JvmHeap& heap);

  // Oldest first.
  const std::vector<JvmFloor>& floors() const { return floors_; }
  // The old generation's use after the last collection alone; nothing before the first.
  std::optional<uint64_t> last() const { return last_; }

 private:
  void Halve();

  std::vector<JvmFloor> floors_;
  std::optional<JvmFloor> before_last_;  // the last of them without the last collection
  std::optional<uint64_t> last_;
  uint64_t each_ = 1;  // collections that one stands for
};

class JvmHistory {
 public:
  // A concurrent collector's floor is the lowest of so many readings at least: each is of any
  // moment between two cycles.
  static constexpr uint64_t kReadingsOfFloor = 8;

  // A reading; `now` in monotonic seconds, ascending. Counts that fall are of another JVM in the
  // same process (exec): everything before is forgotten.
  void Add(const JvmHeap& reading, double now);

  Observed<JvmHeap> heap;

  // After full collections. Those between two readings are one; what is lowest until the next one
  // counts, since the first reading comes some time after it. Or too early: a JVM counts a
  // collection when it begins and publishes what is left some time after it ended, so the second
  // reading corrects the first one, if nothing was collected between them.
  const JvmFloors& after_full() const { return after_full_; }
  // Between the cycles of a concurrent collector.
  const JvmFloors& after_concurrent() const { return after_concurrent_; }
  // The largest use of the old generation so far, as it was read. Memory up to there was touched.
  uint64_t peak_old_used() const { return peak_old_used_; }

 private:
  void AddConcurrent(const JvmHeap& reading, bool cycled, double now);

  JvmFloors after_full_;
  bool is_first_reading_ = false;  // since the last full collection
  JvmFloors after_concurrent_;
  // The lowest since the cycle that began this stretch, and its readings; none before the first.
  JvmHeap lowest_;
  uint64_t readings_ = 0;
  uint64_t peak_old_used_ = 0;
};

}  // namespace memleak
