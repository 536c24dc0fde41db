// Groups of processes: sums of one pass, and counters that outlive their members.
//
// One thread. A Group keeps its address until it is forgotten; only EndPass forgets, and never one
// that has members other than those it moved to the overflow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/host/process/process_sample.h"
#include "exporter/model/selection.h"
#include "exporter/model/tracked.h"

namespace memleak {

// The sums that a group or the cut groups together show. A sum is known when it is of at least one
// member; members of which a figure is unknown add nothing to it.
struct GroupSums {
  uint64_t processes = 0;
  uint64_t threads = 0;
  std::array<uint64_t, kMemoryFields> memory{};
  std::array<uint64_t, kMemoryFields> memory_members{};
  uint64_t footprint = 0;
  uint64_t footprint_members = 0;
  uint64_t open_fds = 0;
  uint64_t open_fds_members = 0;
  std::optional<uint64_t> oldest_start_ticks;

  void Add(const ProcessSample& sample);
  void Add(const GroupSums& other);
  std::optional<uint64_t> Memory(MemoryField field) const;
  std::optional<uint64_t> Footprint() const;
  std::optional<uint64_t> OpenFds() const;
};

struct Cgroup;

struct Group {
  std::string name;
  std::string labels;  // rendered

  GroupSums sums;
  uint64_t largest_footprint = 0;  // known when sums.Footprint() is
  uint64_t largest_start_ticks = 0;
  uint64_t median_footprint = 0;
  const Cgroup* cgroup = nullptr;  // the nearest that holds all members of this pass, where known

  uint64_t cpu_ticks = 0;
  uint64_t major_faults = 0;

  double last_member = 0;  // monotonic seconds
  SelectionState selection;
  Tracked tracked;

  bool evicted = false;  // set for the pass in which it is forgotten
};

class GroupTable {
 public:
  static constexpr size_t kMaxGroups = 2'000;
  static constexpr double kDeadSeconds = 24 * 3600;

  explicit GroupTable(size_t export_limit);

  // The group of this name, made where there is none, and then with these labels where they are
  // known. More than kMaxGroups may exist until EndPass.
  Group& Find(std::string_view name, std::string_view name_space = {},
              std::string_view container = {});
  // Where the members of forgotten groups are counted; it only shows in the sums of "(other)".
  Group& overflow() { return overflow_; }

  void BeginPass();
  // Adds a member's figures of this pass. `cgroup` is nullptr when unknown.
  void Add(Group& group, const ProcessSample& sample, const Cgroup* cgroup, double now);
  // Computes medians, forgets the dead of a day and, beyond kMaxGroups, the dead and the smallest;
  // calls `forget` when groups are about to go (`evicted`), so that no member keeps a pointer to
  // one.
  template <typename Forget>
  void EndPass(double now, Forget&& forget) {
    ComputeMedians();
    if (MarkForgotten(now)) {
      forget();
      EraseMarked();
    }
  }
  // Chooses what is exported one by one.
  void Choose(double now);

  // All but the overflow.
  const std::vector<Group*>& groups() const { return groups_; }
  // Those that are exported one by one, by name, and what all others come to.
  const std::vector<const Group*>& exported() const { return exported_; }
  const std::optional<GroupSums>& other() const { return other_; }
  size_t size() const { return groups_.size(); }
  size_t suspects_cut() const { return selection_.suspects_cut(); }

 private:
  void ComputeMedians();
  bool MarkForgotten(double now);
  void EraseMarked();

  std::unordered_map<std::string, std::unique_ptr<Group>> by_name_;
  std::vector<Group*> groups_;
  Group overflow_;
  Selection selection_;
  std::vector<const Group*> exported_;
  std::optional<GroupSums> other_;

  struct Footprint {
    Group* group;
    uint64_t bytes;
  };
  std::vector<Footprint> footprints_;  // of this pass, for the medians
};

}  // namespace memleak
