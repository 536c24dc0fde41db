#include "exporter/host/process/bpf/record_order.h"

#include <algorithm>

namespace memleak {
namespace {

constexpr int kIndexBits = 32;

uint64_t PidOf(uint64_t key) { return key >> kIndexBits; }

}  // namespace

void RecordOrder::Put(std::span<const TaskRecord> records,
                      std::vector<const TaskRecord*>& ordered) {
  keys_.clear();
  for (uint32_t i = 0; i < records.size(); ++i) {
    keys_.push_back(uint64_t{static_cast<uint32_t>(records[i].pid)} << kIndexBits | i);
  }
  if (!std::is_sorted(keys_.begin(), keys_.end())) std::sort(keys_.begin(), keys_.end());
  ordered.clear();
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (i + 1 < keys_.size() && PidOf(keys_[i]) == PidOf(keys_[i + 1])) continue;
    ordered.push_back(&records[static_cast<uint32_t>(keys_[i])]);
  }
}

}  // namespace memleak
