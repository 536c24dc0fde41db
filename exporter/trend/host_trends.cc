#include "exporter/trend/host_trends.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "exporter/model/group_name.h"
#include "exporter/trend/siblings.h"

namespace memleak {
namespace {

constexpr TrendShape kProcessShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};
constexpr TrendShape kGroupShape = kProcessShape;
constexpr TrendShape kCgroupShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kBytes};
constexpr TrendShape kNodeShape = {Quantity::kBytes, Quantity::kNone, Quantity::kNone};

const TrendShape& ShapeOf(TrendKey::Kind kind) {
  switch (kind) {
    case TrendKey::Kind::kProcess:
      return kProcessShape;
    case TrendKey::Kind::kGroup:
      return kGroupShape;
    case TrendKey::Kind::kCgroup:
      return kCgroupShape;
    case TrendKey::Kind::kNode:
      break;
  }
  return kNodeShape;
}

double Number(std::optional<uint64_t> value) {
  return value ? static_cast<double>(*value) : kUnknown;
}

std::string NameOf(const Process& process) {
  const ProcessSample& sample = process.sample;
  return std::to_string(sample.pid) + ' ' + std::to_string(sample.start_ticks) + ' ' +
         std::to_string(sample.arg_start);
}

double NodeValue(const MemInfo& meminfo, NodeResource resource) {
  const auto bytes = [&](MemInfoField field) {
    return Number(meminfo[static_cast<size_t>(field)]);
  };
  switch (resource) {
    case NodeResource::kUsed:
      return bytes(MemInfoField::kTotal) - bytes(MemInfoField::kAvailable);
    case NodeResource::kSwap:
      return bytes(MemInfoField::kSwapTotal) - bytes(MemInfoField::kSwapFree);
    case NodeResource::kSlabUnreclaimable:
      return bytes(MemInfoField::kSlabUnreclaimable);
    case NodeResource::kPageTables:
      return bytes(MemInfoField::kPageTables);
    case NodeResource::kShmem:
      return bytes(MemInfoField::kShmem);
    case NodeResource::kVmalloc:
      return bytes(MemInfoField::kVmallocUsed);
    case NodeResource::kPercpu:
      return bytes(MemInfoField::kPercpu);
  }
  return kUnknown;
}

void NoteFirstSight(Tracked& tracked, const TrendSample& sample) {
  FirstSight& first = tracked.first_sight;
  if (!std::isnan(first.footprint)) return;
  first.time = sample.time;
  first.footprint = sample.resources[kFootprintTrend].value;
}

// Whether there is anything in it to learn from.
bool Tells(const TrendSample& sample) {
  return std::any_of(sample.resources.begin(), sample.resources.end(),
                     [](const TrendReading& reading) { return !std::isnan(reading.value); });
}

}  // namespace

HostTrends::HostTrends(double slot_seconds) : slot_(slot_seconds) {}

void HostTrends::Feed(Snapshot& snapshot) {
  snapshot_ = &snapshot;
  snapshot.trends = this;
  now_ = snapshot.time.uptime;
  ++pass_;
  // A pass that could not look must not bury everybody.
  const bool listed = snapshot.processes_listed;
  if (listed) FeedProcesses(snapshot);
  FeedNode(snapshot);
  if (listed) {
    if (snapshot.all_cgroups != nullptr) FeedCgroups(snapshot);
    FeedGroups(snapshot);
    if (now_ - siblings_compared_ >= slot_) CompareSiblings(snapshot);
    Sweep();
  }
}

void HostTrends::FeedNode(Snapshot& snapshot) {
  snapshot.node_standing = Standing{};
  for (size_t i = 0; i < node_.size(); ++i) {
    const auto resource = static_cast<NodeResource>(i);
    Tracked& tracked = node_[i];
    Keep(tracked);
    TrendSample sample;
    sample.time = now_;
    if (snapshot.node.meminfo) {
      sample.resources[0].value = NodeValue(*snapshot.node.meminfo, resource);
    }
    if (!Tells(sample)) {
      Rest(tracked);
      continue;
    }
    sample.resources[0].headroom = Number(snapshot.node_headroom);
    if (snapshot.processes_listed) {
      sample.cpu_seconds = static_cast<double>(node_cpu_ticks_) / snapshot.time.tick_rate;
    }
    Trend* trend = Touch(tracked, TrendKey::Kind::kNode, 0,
                         [&] { return std::string(kNodeResourceNames[i]); });
    if (trend == nullptr) continue;
    trend->Add(sample);
    Judge(tracked, *trend);
    snapshot.node_standing.suspect |= tracked.standing.suspect;
    // The others are parts of what is used.
    if (resource == NodeResource::kUsed || resource == NodeResource::kSwap) {
      snapshot.node_standing.exhaustion_seconds =
          std::min(snapshot.node_standing.exhaustion_seconds, tracked.standing.exhaustion_seconds);
    }
  }
}

void HostTrends::FeedProcesses(const Snapshot& snapshot) {
  for (Process* process : *snapshot.processes) {
    node_cpu_ticks_ += process->cpu_ticks_spent;
    FeedProcess(snapshot, *process);
  }
}

void HostTrends::FeedProcess(const Snapshot& snapshot, Process& process) {
  if (process.sample.kernel_thread) return;
  Keep(process.tracked);
  if (!process.readable) {
    Rest(process.tracked);
    // Without it, its group looks smaller than it is.
    const bool in_group =
        process.group != nullptr && process.group->tracked.history != Tracked::kNoHistory;
    if (in_group && Of(process) != nullptr) EntityOf(process.group->tracked).partial = pass_;
    return;
  }
  const ProcessSample& seen = process.sample;
  const double headroom = Number(snapshot.Headroom(process.cgroup));
  TrendSample sample;
  sample.time = now_;
  sample.resources[kFootprintTrend] = {Number(seen.memory.Footprint()), headroom};
  sample.resources[kShmemTrend] = {Number(seen.memory.Get(MemoryField::kShmem)), headroom};
  sample.resources[kFdsTrend].value = Number(seen.open_fds);
  if (process.max_fds && seen.open_fds) {
    sample.resources[kFdsTrend].headroom =
        Number(*process.max_fds - std::min(*process.max_fds, *seen.open_fds));
  }
  if (!Tells(sample)) return Rest(process.tracked);
  NoteFirstSight(process.tracked, sample);
  sample.cpu_seconds = static_cast<double>(seen.cpu_ticks) / snapshot.time.tick_rate;
  sample.threads = Number(seen.threads);
  Trend* trend = Touch(process.tracked, TrendKey::Kind::kProcess, process.born,
                       [&] { return NameOf(process); });
  if (trend == nullptr) return;
  trend->Add(sample);
  Judge(process.tracked, *trend);
}

void HostTrends::FeedCgroups(const Snapshot& snapshot) {
  for (Cgroup* cgroup : *snapshot.all_cgroups) {
    if (cgroup->MayBeShown()) FeedCgroup(*cgroup, snapshot.time.tick_rate);
  }
}

void HostTrends::FeedCgroup(Cgroup& cgroup, double tick_rate) {
  Keep(cgroup.tracked);
  if (cgroup.processes == 0 && !cgroup.incomplete) {
    RestEmpty(cgroup.tracked);
    return;
  }
  const double headroom = Number(cgroup.headroom);
  TrendSample sample;
  sample.time = now_;
  sample.resources[kFootprintTrend] = {Number(cgroup.memory.Footprint()), headroom};
  sample.resources[kShmemTrend] = {Number(cgroup.memory.shmem), headroom};
  sample.resources[kKernelTrend] = {Number(cgroup.memory.kernel), headroom};
  if (!Tells(sample)) return Rest(cgroup.tracked);
  NoteFirstSight(cgroup.tracked, sample);
  if (cgroup.members > 0) {
    sample.cpu_seconds = static_cast<double>(cgroup.cpu_ticks) / tick_rate;
    sample.threads = Number(cgroup.processes);
  }
  const double born = cgroup.oldest_start_ticks
                          ? static_cast<double>(*cgroup.oldest_start_ticks) / tick_rate
                          : kUnknown;
  Trend* trend = Touch(cgroup.tracked, TrendKey::Kind::kCgroup, born, [&] { return cgroup.path; });
  if (trend == nullptr) return;
  if (cgroup.oldest_start_ticks) {
    NoteStart(cgroup.tracked, *trend, *cgroup.oldest_start_ticks, tick_rate);
  }
  trend->Add(sample);
  Judge(cgroup.tracked, *trend);
}

void HostTrends::FeedGroups(const Snapshot& snapshot) {
  for (Group* group : *snapshot.all_groups) FeedGroup(snapshot, *group);
  // A group runs out when the first of its members does, or a cgroup that is all its own.
  for (const Process* process : *snapshot.processes) {
    if (process->group == nullptr) continue;
    Standing& standing = process->group->tracked.standing;
    const Standing& member = process->tracked.standing;
    standing.exhaustion_seconds = std::min(standing.exhaustion_seconds, member.exhaustion_seconds);
    standing.fd_exhaustion_seconds =
        std::min(standing.fd_exhaustion_seconds, member.fd_exhaustion_seconds);
    for (const Cgroup* cgroup = process->cgroup;
         cgroup != nullptr && cgroup->group == process->group && !cgroup->several_groups;
         cgroup = cgroup->parent) {
      standing.exhaustion_seconds =
          std::min(standing.exhaustion_seconds, cgroup->tracked.standing.exhaustion_seconds);
    }
  }
  for (Group* group : *snapshot.all_groups) {
    Standing& standing = group->tracked.standing;
    standing.suspect = standing.suspect || RunsOutSoon(standing);
  }
}

void HostTrends::FeedGroup(const Snapshot& snapshot, Group& group) {
  // Kernel threads hold nothing of their own.
  if (group.name == kKernelGroup) return;
  Keep(group.tracked);
  const GroupSums& sums = group.sums;
  if (sums.processes == 0) {
    RestEmpty(group.tracked);
    return;
  }
  const bool known = group.tracked.history != Tracked::kNoHistory;
  if (known && EntityOf(group.tracked).partial == pass_) return Rest(group.tracked);
  const double headroom = Number(snapshot.Headroom(group.cgroup));
  TrendSample sample;
  sample.time = now_;
  sample.resources[kFootprintTrend] = {Number(sums.Footprint()), headroom};
  sample.resources[kShmemTrend] = {Number(sums.Memory(MemoryField::kShmem)), headroom};
  sample.resources[kFdsTrend].value = Number(sums.OpenFds());
  if (!Tells(sample)) return Rest(group.tracked);
  NoteFirstSight(group.tracked, sample);
  const double tick_rate = snapshot.time.tick_rate;
  sample.cpu_seconds = static_cast<double>(group.cpu_ticks) / tick_rate;
  sample.threads = Number(sums.threads);
  const uint64_t oldest = *sums.oldest_start_ticks;
  Trend* trend = Touch(group.tracked, TrendKey::Kind::kGroup,
                       static_cast<double>(oldest) / tick_rate, [&] { return group.name; });
  if (trend == nullptr) return;
  NoteStart(group.tracked, *trend, oldest, tick_rate);
  trend->Add(sample);
  Judge(group.tracked, *trend);
}

void HostTrends::CompareSiblings(const Snapshot& snapshot) {
  constexpr ptrdiff_t kLeast = 4;
  constexpr ptrdiff_t kMost = 64;  // so many are compared with each other
  siblings_compared_ = now_;
  members_.clear();
  for (const Process* process : *snapshot.processes) {
    if (process->group == nullptr || process->group->sums.processes < kLeast) continue;
    if (!process->readable || !process->sample.memory.Footprint()) continue;
    if (process->tracked.history == Tracked::kNoHistory) continue;
    members_.push_back({process->group, process});
  }
  std::sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
    if (a.group != b.group) return std::less<>()(a.group, b.group);
    return a.process->sample.start_ticks < b.process->sample.start_ticks;
  });
  std::array<Sibling, kMost> siblings;
  for (auto begin = members_.begin(); begin != members_.end();) {
    const auto end = std::find_if(
        begin, members_.end(), [&](const Member& member) { return member.group != begin->group; });
    const ptrdiff_t count = end - begin;
    const ptrdiff_t compared = std::min(count, kMost);
    for (ptrdiff_t i = 0; i < compared; ++i) {
      // Spread over all ages.
      const ProcessSample& sample = begin[i * count / compared].process->sample;
      siblings[static_cast<size_t>(i)] = {snapshot.time.Age(sample.start_ticks),
                                          Number(sample.memory.Footprint())};
    }
    const auto correlation =
        AgeSizeCorrelation(std::span(siblings).first(static_cast<size_t>(compared)), slot_);
    if (correlation && compared >= kLeast) {
      for (auto member = begin; member != end; ++member) {
        histories_[member->process->tracked.history]->NoteSiblings(*correlation);
      }
      const uint32_t of_group = begin->group->tracked.history;
      if (of_group != Tracked::kNoHistory) histories_[of_group]->NoteSiblings(*correlation);
    }
    begin = end;
  }
}

template <typename MakeName>
Trend* HostTrends::Touch(Tracked& tracked, TrendKey::Kind kind, double born, MakeName&& make_name) {
  if (tracked.history != Tracked::kNoHistory) return histories_[tracked.history].get();
  if (size() >= kMaxHistories) return nullptr;
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(entities_.size()));
    entities_.emplace_back();
    histories_.emplace_back();
  }
  tracked.history = free_.back();
  free_.pop_back();
  Entity& entity = EntityOf(tracked);
  entity = Entity{};
  entity.kind = kind;
  entity.used = true;
  entity.seen = pass_;

  Trend begun(ShapeOf(kind), slot_, born);
  if (kind == TrendKey::Kind::kCgroup) cgroup_paths_[tracked.history] = make_name();
  if (!waiting_.empty()) {
    if (const auto found = waiting_.find({kind, make_name()}); found != waiting_.end()) {
      begun = found->second;
      entity.begun = true;
      waiting_.erase(found);
    }
  }
  std::unique_ptr<Trend>& history = histories_[tracked.history];
  if (history) {
    *history = begun;
  } else {
    history = std::make_unique<Trend>(begun);
  }
  return history.get();
}

void HostTrends::Keep(const Tracked& tracked) {
  if (tracked.history != Tracked::kNoHistory) EntityOf(tracked).seen = pass_;
}

void HostTrends::Rest(Tracked& tracked) const {
  if (const Trend* trend = Current(tracked)) {
    Judge(tracked, *trend);
  } else {
    tracked.standing = Standing{};
  }
}

// What it learned stays, but what has no processes does not run out.
void HostTrends::RestEmpty(Tracked& tracked) {
  if (tracked.history == Tracked::kNoHistory) return;
  EntityOf(tracked).was_empty = true;
  Rest(tracked);
  if (!tracked.standing.suspect) return;
  const Trend& trend = *histories_[tracked.history];
  tracked.standing = Standing{};
  for (size_t i = 0; i < kTrendResources; ++i) tracked.standing.suspect |= trend.Suspected(i);
}

// `oldest_start` is when the oldest process of a group or cgroup started. When all are younger than
// the last sample, the program was started anew.
void HostTrends::NoteStart(Tracked& tracked, Trend& trend, uint64_t oldest_start,
                           double tick_rate) {
  Entity& entity = EntityOf(tracked);
  const double start = static_cast<double>(oldest_start) / tick_rate;
  // One that was started while the last pass went on is younger than its time and was seen in it.
  if (entity.begun && oldest_start != entity.oldest_start &&
      (start > trend.last_time() || entity.was_empty)) {
    trend.Restart(std::max(start, trend.last_time()));
  }
  entity.oldest_start = oldest_start;
  entity.was_empty = false;
  entity.begun = true;
}

void HostTrends::Judge(Tracked& tracked, const Trend& trend) const {
  const TrendKey::Kind kind = entities_[tracked.history].kind;
  Standing& standing = tracked.standing;
  standing.exhaustion_seconds = trend.ExhaustionSeconds(kFootprintTrend);
  standing.fd_exhaustion_seconds = Standing::kNever;
  standing.suspect = trend.Suspected(kFootprintTrend);
  standing.baseline_bytes = trend.Baseline(kFootprintTrend);
  if (kind != TrendKey::Kind::kNode) {
    // Each process that touches a shared page counts it, and only the first one costs memory: what
    // grows so in a process runs out of nothing, unless it leaks. A cgroup is charged once.
    const bool leaks = trend.Suspected(kShmemTrend);
    standing.suspect = standing.suspect || leaks || trend.Suspected(2);
    if (leaks || kind == TrendKey::Kind::kCgroup) {
      standing.exhaustion_seconds =
          std::min(standing.exhaustion_seconds, trend.ExhaustionSeconds(kShmemTrend));
    }
    double& third = kind == TrendKey::Kind::kCgroup ? standing.exhaustion_seconds
                                                    : standing.fd_exhaustion_seconds;
    third = std::min(third, trend.ExhaustionSeconds(2));
  }
  standing.suspect = standing.suspect || RunsOutSoon(standing);
}

const Trend* HostTrends::Current(const Tracked& tracked) const {
  if (tracked.history == Tracked::kNoHistory) return nullptr;
  const Trend* trend = histories_[tracked.history].get();
  return now_ - trend->last_time() <= kStaleSlots * slot_ ? trend : nullptr;
}

void HostTrends::Sweep() {
  for (uint32_t i = 0; i < entities_.size(); ++i) {
    if (entities_[i].used && entities_[i].seen != pass_) Release(i);
  }
}

void HostTrends::Release(uint32_t history) {
  Entity& entity = entities_[history];
  if (entity.kind == TrendKey::Kind::kCgroup) {
    LetGoOfWaiting();
    const auto path = cgroup_paths_.find(history);
    waiting_.insert_or_assign({TrendKey::Kind::kCgroup, std::move(path->second)},
                              *histories_[history]);
    cgroup_paths_.erase(path);
  }
  entity.used = false;
  free_.push_back(history);
}

// Makes room for a cgroup that vanished.
void HostTrends::LetGoOfWaiting() {
  std::erase_if(waiting_,
                [&](const auto& entry) { return now_ - entry.second.last_time() > kWaitSeconds; });
  if (waiting_.size() < kMaxVanishedCgroups) return;
  waiting_.erase(std::min_element(
      waiting_.begin(), waiting_.end(),
      [](const auto& a, const auto& b) { return a.second.last_time() < b.second.last_time(); }));
}

void HostTrends::ForEach(const std::function<void(const TrendKey&, const Trend&)>& visit) const {
  for (const auto& [key, trend] : waiting_) visit(key, trend);
  const auto show = [&](const Tracked& tracked, TrendKey::Kind kind, auto&& make_name) {
    if (tracked.history == Tracked::kNoHistory) return;
    visit({kind, make_name()}, *histories_[tracked.history]);
  };
  for (size_t i = 0; i < node_.size(); ++i) {
    show(node_[i], TrendKey::Kind::kNode, [&] { return std::string(kNodeResourceNames[i]); });
  }
  if (snapshot_ == nullptr || snapshot_->processes == nullptr) return;
  for (const Process* process : *snapshot_->processes) {
    show(process->tracked, TrendKey::Kind::kProcess, [&] { return NameOf(*process); });
  }
  for (const Group* group : *snapshot_->all_groups) {
    show(group->tracked, TrendKey::Kind::kGroup, [&] { return group->name; });
  }
  if (snapshot_->all_cgroups == nullptr) return;
  for (const Cgroup* cgroup : *snapshot_->all_cgroups) {
    show(cgroup->tracked, TrendKey::Kind::kCgroup, [&] { return cgroup->path; });
  }
}

void HostTrends::Adopt(TrendKey key, const Trend& trend) {
  const bool same_slot = static_cast<float>(trend.slot()) == static_cast<float>(slot_);
  if (!same_slot || waiting_.size() >= kMaxHistories) return;
  waiting_.insert_or_assign(std::move(key), trend);
}

}  // namespace memleak
