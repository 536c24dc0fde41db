#include "exporter/model/evidence/jvm_history.h"

#include <algorithm>

namespace memleak {
namespace {

void Lower(std::optional<uint64_t>& least, std::optional<uint64_t> value) {
  if (value) least = std::min(least.value_or(*value), *value);
}

// A count that fell, or is not published any more.
bool Fell(std::optional<uint64_t> before, std::optional<uint64_t> now) {
  return before && (!now || *now < *before);
}

bool HaveSameCollections(const JvmHeap& a, const JvmHeap& b) {
  return a.young_collections == b.young_collections && a.full_collections == b.full_collections &&
         a.concurrent_collections == b.concurrent_collections;
}

bool Rose(std::optional<uint64_t> before, std::optional<uint64_t> now) {
  return before && now && *now > *before;
}

}  // namespace

void JvmFloors::Add(const JvmHeap& heap, double time) {
  last_ = heap.old_used;
  before_last_.reset();
  if (floors_.empty() || floors_.back().collections == each_) {
    if (floors_.size() == kMax) Halve();
    floors_.push_back({time, *heap.old_used, 1, heap.metaspace_used});
    return;
  }
  before_last_ = floors_.back();
  floors_.back().time = time;
  ++floors_.back().collections;
  Lower(heap);
}

void JvmFloors::Correct(const JvmHeap& heap) {
  if (floors_.empty() || !heap.old_used) return;
  last_ = heap.old_used;
  JvmFloor& floor = floors_.back();
  floor.old_used = *heap.old_used;
  floor.metaspace_used = heap.metaspace_used;
  if (!before_last_) return;
  floor.old_used = std::min(floor.old_used, before_last_->old_used);
  memleak::Lower(floor.metaspace_used, before_last_->metaspace_used);
}

void JvmFloors::Lower(const JvmHeap& heap) {
  if (floors_.empty() || !heap.old_used) return;
  last_ = std::min(*last_, *heap.old_used);
  JvmFloor& floor = floors_.back();
  floor.old_used = std::min(floor.old_used, *heap.old_used);
  memleak::Lower(floor.metaspace_used, heap.metaspace_used);
}

void JvmFloors::Halve() {
  for (size_t i = 0; i < kMax / 2; ++i) {
    JvmFloor floor = floors_[2 * i + 1];
    const JvmFloor& earlier = floors_[2 * i];
    floor.old_used = std::min(floor.old_used, earlier.old_used);
    floor.collections += earlier.collections;
    memleak::Lower(floor.metaspace_used, earlier.metaspace_used);
    floors_[i] = floor;
  }
  floors_.resize(kMax / 2);
  each_ *= 2;
}

void JvmHistory::Add(const JvmHeap& reading, double now) {
  if (heap.known() && (Fell(heap.last.young_collections, reading.young_collections) ||
                       Fell(heap.last.full_collections, reading.full_collections) ||
                       Fell(heap.last.concurrent_collections, reading.concurrent_collections))) {
    const bool shown = heap.shown;
    *this = JvmHistory();
    heap.shown = shown;
  }
  // Both are false for the first reading: `last` knows no counts yet.
  const bool collected = Rose(heap.last.full_collections, reading.full_collections);
  const bool cycled = Rose(heap.last.concurrent_collections, reading.concurrent_collections);
  const bool quiet = heap.known() && HaveSameCollections(heap.last, reading);
  heap.Take(reading, now);
  if (!reading.old_used) return;
  peak_old_used_ = std::max(peak_old_used_, *reading.old_used);
  if (collected) {
    after_full_.Add(reading, now);
  } else if (is_first_reading_ && quiet) {
    after_full_.Correct(reading);
  } else {
    after_full_.Lower(reading);
  }
  is_first_reading_ = collected;
  AddConcurrent(reading, cycled, now);
}

void JvmHistory::AddConcurrent(const JvmHeap& reading, bool cycled, double now) {
  // What was in use before the first cycle says nothing: garbage had hardly gathered.
  if (readings_ == 0 && !cycled) return;
  if (cycled && (readings_ == 0 || readings_ >= kReadingsOfFloor)) {
    if (readings_ > 0) after_concurrent_.Add(lowest_, now);
    lowest_ = reading;
    readings_ = 0;
  }
  ++readings_;
  Lower(lowest_.old_used, reading.old_used);
  Lower(lowest_.metaspace_used, reading.metaspace_used);
}

}  // namespace memleak
