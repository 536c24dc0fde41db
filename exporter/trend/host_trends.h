// The trends of everything on the host: feeds each entity's history from the model after a pass and
// tells the model, before it chooses what is exported, who is a suspect.
//
// One thread at a time (the scraper's lock). Histories live in slots that are used again: once the
// host was seen whole, a pass allocates only for newcomers. Times are seconds since boot
// (PassTime::uptime), so that what was learned outlives us.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "exporter/model/snapshot.h"
#include "exporter/trend/trend.h"

namespace memleak {

// Which resource stands where in the shapes of the kinds.
inline constexpr size_t kFootprintTrend = 0;  // processes, groups, cgroups
inline constexpr size_t kShmemTrend = 1;      // processes, groups, cgroups
inline constexpr size_t kFdsTrend = 2;        // processes, groups
inline constexpr size_t kKernelTrend = 2;     // cgroups

// The resources of the node, of which each is an entity of its own, of one resource.
enum class NodeResource : uint8_t {
  kUsed,  // MemTotal less MemAvailable
  kSwap,
  kSlabUnreclaimable,
  kPageTables,
  kShmem,
  kVmalloc,
  kPercpu,
};
inline constexpr std::array<std::string_view, 7> kNodeResourceNames = {
    "used", "swap", "slab_unreclaimable", "page_tables", "shmem", "vmalloc", "percpu"};

// What names an entity across a restart of the exporter on the same boot.
struct TrendKey {
  enum class Kind : uint8_t { kProcess, kGroup, kCgroup, kNode };
  Kind kind = Kind::kProcess;
  std::string name;  // "PID START_TICKS ARG_START", the group, the cgroup's path, the resource

  bool operator==(const TrendKey&) const = default;
  bool operator<(const TrendKey& other) const {
    return std::tie(kind, name) < std::tie(other.kind, other.name);
  }
};

class HostTrends {
 public:
  // A history that was not fed for this many slots says nothing of today.
  static constexpr double kStaleSlots = 60;
  // A suspect runs out within this many: four hours at the default slot.
  static constexpr double kSuspectSlots = 240;
  // Bounds for hosts that are flooded: entities with a history, and histories that wait.
  static constexpr size_t kMaxHistories = 40'000;
  static constexpr size_t kMaxVanishedCgroups = 500;
  static constexpr double kWaitSeconds = 24 * 3600;

  explicit HostTrends(double slot_seconds);

  // After a pass, before anything is chosen: feeds what it saw, and adds to `snapshot` and its
  // entities what the histories say.
  void Feed(Snapshot& snapshot);

  // The history of what the snapshot shows; nullptr where there is none, or none of today.
  const Trend* Of(const Process& process) const { return Current(process.tracked); }
  const Trend* Of(const Group& group) const { return Current(group.tracked); }
  const Trend* Of(const Cgroup& cgroup) const { return Current(cgroup.tracked); }
  const Trend* OfNode(NodeResource resource) const {
    return Current(node_[static_cast<size_t>(resource)]);
  }

  // Entities with a history.
  size_t size() const { return entities_.size() - free_.size(); }

  // For the state file: what was known at the last Feed, of the model that fed it, which must still
  // be as it was then.
  void ForEach(const std::function<void(const TrendKey&, const Trend&)>& visit) const;
  // What was known by an earlier run. It waits until its entity is seen, at most one day from its
  // last sample. Ignored where its slot is another than ours.
  void Adopt(TrendKey key, const Trend& trend);

 private:
  // Beside each history, and apart from it: looked at in every pass.
  struct Entity {
    TrendKey::Kind kind = TrendKey::Kind::kProcess;
    bool used = false;
    bool begun = false;         // was fed before
    bool was_empty = false;     // of a group or cgroup: without processes when last looked at
    uint32_t seen = 0;          // the last pass that saw it
    uint32_t partial = 0;       // the last pass in which not all of it could be read
    uint64_t oldest_start = 0;  // of its processes, ticks
  };
  struct Member {
    const Group* group;
    const Process* process;
  };

  void FeedNode(Snapshot& snapshot);
  void FeedProcesses(const Snapshot& snapshot);
  void FeedProcess(const Snapshot& snapshot, Process& process);
  void FeedCgroups(const Snapshot& snapshot);
  void FeedCgroup(Cgroup& cgroup, double tick_rate);
  void FeedGroups(const Snapshot& snapshot);
  void FeedGroup(const Snapshot& snapshot, Group& group);
  void CompareSiblings(const Snapshot& snapshot);

  // The history of an entity that was seen, made or taken over from an earlier run where there is
  // none; nullptr where there may not be more.
  template <typename MakeName>
  Trend* Touch(Tracked& tracked, TrendKey::Kind kind, double born, MakeName&& make_name);
  void Keep(const Tracked& tracked);
  // Judges an entity that has nothing to feed in this pass.
  void Rest(Tracked& tracked) const;
  void RestEmpty(Tracked& tracked);
  void NoteStart(Tracked& tracked, Trend& trend, uint64_t oldest_start, double tick_rate);
  void Judge(Tracked& tracked, const Trend& trend) const;
  bool RunsOutSoon(const Standing& standing) const {
    return standing.ExhaustsIn() <= kSuspectSlots * slot_;
  }
  const Trend* Current(const Tracked& tracked) const;
  Entity& EntityOf(const Tracked& tracked) { return entities_[tracked.history]; }
  void Sweep();
  void Release(uint32_t history);
  void LetGoOfWaiting();

  const double slot_;
  double now_ = 0;
  uint32_t pass_ = 0;
  const Snapshot* snapshot_ = nullptr;  // of the last Feed

  std::vector<Entity> entities_;
  std::vector<std::unique_ptr<Trend>> histories_;  // of the entity at the same index
  std::vector<uint32_t> free_;
  // A cgroup's object goes with the cgroup, and its history waits for one of the same name.
  std::unordered_map<uint32_t, std::string> cgroup_paths_;
  std::map<TrendKey, Trend> waiting_;

  std::array<Tracked, kNodeResourceNames.size()> node_;
  uint64_t node_cpu_ticks_ = 0;

  double siblings_compared_ = -1;  // when
  std::vector<Member> members_;
};

}  // namespace memleak
