#include "exporter/model/group_table.h"

#include <algorithm>

#include "exporter/model/cgroup_table.h"
#include "exporter/model/group_name.h"
#include "exporter/model/label_text.h"

namespace memleak {

void GroupSums::Add(const ProcessSample& sample) {
  ++processes;
  threads += sample.threads;
  for (size_t i = 0; i < kMemoryFields; ++i) {
    if (const auto bytes = sample.memory.Get(static_cast<MemoryField>(i))) {
      memory[i] += *bytes;
      ++memory_members[i];
    }
  }
  if (const auto bytes = sample.memory.Footprint()) {
    footprint += *bytes;
    ++footprint_members;
  }
  if (sample.open_fds) {
    open_fds += *sample.open_fds;
    ++open_fds_members;
  }
  if (!oldest_start_ticks || sample.start_ticks < *oldest_start_ticks) {
    oldest_start_ticks = sample.start_ticks;
  }
}

void GroupSums::Add(const GroupSums& other) {
  processes += other.processes;
  threads += other.threads;
  for (size_t i = 0; i < kMemoryFields; ++i) {
    memory[i] += other.memory[i];
    memory_members[i] += other.memory_members[i];
  }
  footprint += other.footprint;
  footprint_members += other.footprint_members;
  open_fds += other.open_fds;
  open_fds_members += other.open_fds_members;
  if (other.oldest_start_ticks &&
      (!oldest_start_ticks || *other.oldest_start_ticks < *oldest_start_ticks)) {
    oldest_start_ticks = other.oldest_start_ticks;
  }
}

std::optional<uint64_t> GroupSums::Memory(MemoryField field) const {
  const auto i = static_cast<size_t>(field);
  if (memory_members[i] == 0) return std::nullopt;
  return memory[i];
}

std::optional<uint64_t> GroupSums::Footprint() const {
  if (footprint_members == 0) return std::nullopt;
  return footprint;
}

std::optional<uint64_t> GroupSums::OpenFds() const {
  if (open_fds_members == 0) return std::nullopt;
  return open_fds;
}

GroupTable::GroupTable(size_t export_limit) : selection_(export_limit) {
  overflow_.name = kOtherGroup;
}

Group& GroupTable::Find(std::string_view name, std::string_view name_space,
                        std::string_view container) {
  // Looked up once per process and name, so the key's copy does not matter.
  auto& group = by_name_[std::string(name)];
  if (!group) {
    group = std::make_unique<Group>();
    group->name = name;
    AppendLabel(group->labels, "group", name);
    AppendKnownLabel(group->labels, "namespace", name_space);
    AppendKnownLabel(group->labels, "container", container);
    groups_.push_back(group.get());
  }
  return *group;
}

void GroupTable::BeginPass() {
  for (Group* group : groups_) {
    group->sums = GroupSums{};
    group->largest_footprint = 0;
    group->median_footprint = 0;
  }
  overflow_.sums = GroupSums{};
  footprints_.clear();
}

void GroupTable::Add(Group& group, const ProcessSample& sample, const Cgroup* cgroup, double now) {
  group.cgroup = group.sums.processes == 0 ? cgroup : CommonAncestor(group.cgroup, cgroup);
  group.sums.Add(sample);
  group.last_member = now;
  const auto footprint = sample.memory.Footprint();
  if (!footprint) return;
  footprints_.push_back({&group, *footprint});
  // Of several that are equally large the oldest speaks for them, so that it does not waver.
  if (group.sums.footprint_members == 1 || *footprint > group.largest_footprint ||
      (*footprint == group.largest_footprint && sample.start_ticks < group.largest_start_ticks)) {
    group.largest_footprint = *footprint;
    group.largest_start_ticks = sample.start_ticks;
  }
}

void GroupTable::ComputeMedians() {
  std::sort(footprints_.begin(), footprints_.end(), [](const Footprint& a, const Footprint& b) {
    return a.group != b.group ? std::less<>()(a.group, b.group) : a.bytes < b.bytes;
  });
  for (size_t begin = 0; begin < footprints_.size();) {
    Group* group = footprints_[begin].group;
    const auto count = static_cast<size_t>(group->sums.footprint_members);
    const size_t middle = begin + count / 2;
    group->median_footprint =
        count % 2 == 1 ? footprints_[middle].bytes
                       : footprints_[middle - 1].bytes +
                             (footprints_[middle].bytes - footprints_[middle - 1].bytes) / 2;
    begin += count;
  }
}

bool GroupTable::MarkForgotten(double now) {
  size_t kept = 0;
  for (Group* group : groups_) {
    group->evicted = group->sums.processes == 0 && now - group->last_member >= kDeadSeconds;
    if (!group->evicted) ++kept;
  }
  const bool some_died = kept < groups_.size();
  if (kept <= kMaxGroups) return some_died;

  // The dead go first, those that died earliest before the others; then the smallest.
  std::vector<Group*> candidates;
  for (Group* group : groups_) {
    if (!group->evicted) candidates.push_back(group);
  }
  std::sort(candidates.begin(), candidates.end(), [](const Group* a, const Group* b) {
    const bool a_dead = a->sums.processes == 0;
    const bool b_dead = b->sums.processes == 0;
    if (a_dead != b_dead) return a_dead;
    if (a_dead && a->last_member != b->last_member) return a->last_member < b->last_member;
    const uint64_t a_size = a->sums.Memory(MemoryField::kResident).value_or(0);
    const uint64_t b_size = b->sums.Memory(MemoryField::kResident).value_or(0);
    return a_size != b_size ? a_size < b_size : a->name > b->name;
  });
  for (size_t i = 0; i < kept - kMaxGroups; ++i) {
    candidates[i]->evicted = true;
    overflow_.sums.Add(candidates[i]->sums);
  }
  return true;
}

void GroupTable::EraseMarked() {
  std::erase_if(groups_, [](const Group* group) { return group->evicted; });
  std::erase_if(by_name_, [](const auto& entry) { return entry.second->evicted; });
}

void GroupTable::Choose(double now) {
  selection_.Begin();
  for (Group* group : groups_) {
    const uint64_t size = group->sums.Memory(MemoryField::kResident).value_or(0);
    if (group->tracked.standing.suspect) {
      selection_.OfferSuspect(group->selection, size, group->tracked.standing.ExhaustsIn());
    } else {
      selection_.Offer(group->selection, size, 0, true, now);
    }
  }
  selection_.Decide(now);

  exported_.clear();
  other_.reset();
  if (overflow_.sums.processes > 0) other_ = overflow_.sums;
  for (const Group* group : groups_) {
    if (group->selection.chosen) {
      exported_.push_back(group);
    } else {
      if (!other_) other_.emplace();
      other_->Add(group->sums);
    }
  }
  std::sort(exported_.begin(), exported_.end(),
            [](const Group* a, const Group* b) { return a->name < b->name; });
}

}  // namespace memleak
