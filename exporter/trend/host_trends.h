// The trends of everything on the host: feeds each entity's history from the model after a pass and
// tells the model, before it chooses what is exported, who is a suspect.
//
// One thread at a time (the scraper's lock). Histories live in slots that are used again: once the
// host was seen whole, a pass allocates only for newcomers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "exporter/model/host_model.h"
#include "exporter/trend/trend.h"

namespace memleak {

// Which resource stands where in the shapes of the kinds.
inline constexpr size_t kFootprintTrend = 0;  // processes, groups, cgroups
inline constexpr size_t kShmemTrend = 1;      // processes, groups, cgroups
inline constexpr size_t kFdsTrend = 2;        // processes, groups
inline constexpr size_t kKernelTrend = 2;     // cgroups
// Every resource of the node is an entity of its own, of one resource.

// What names an entity across a restart of the exporter on the same boot.
struct TrendKey {
  enum class Kind : uint8_t { kProcess, kGroup, kCgroup, kNode };
  Kind kind = Kind::kProcess;
  std::string name;  // "PID START_TICKS ARG_START", the group, the cgroup's path, the resource

  bool operator==(const TrendKey&) const = default;
};

class HostTrends {
 public:
  // Times of the samples are seconds since boot (PassTime::uptime), so that they outlive us.
  explicit HostTrends(double slot_seconds);
  ~HostTrends();

  // After a pass, before anything is chosen.
  void Feed(HostModel& model);

  // The history of what the snapshot shows; nullptr where there is none yet.
  const Trend* Of(const Process& process) const;
  const Trend* Of(const Group& group) const;
  const Trend* Of(const Cgroup& cgroup) const;
  const Trend* OfNode(std::string_view resource) const;

  size_t size() const;  // entities with a history

  // For the state file: what is known, and what was known by an earlier run. An adopted history
  // waits until its entity is seen, at most one day.
  void ForEach(const std::function<void(const TrendKey&, const Trend&)>& visit) const;
  void Adopt(TrendKey key, const Trend& trend);
};

}  // namespace memleak
