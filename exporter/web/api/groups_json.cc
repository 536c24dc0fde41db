#include "exporter/web/api/groups_json.h"

#include <array>
#include <span>
#include <string>
#include <unordered_map>

#include "exporter/web/api/row_json.h"

namespace memleak {
namespace {

template <MemoryField kField>
FieldValue Memory(const Group& group, const Snapshot& /*snapshot*/) {
  return Known(group.sums.Memory(kField));
}

// Of the container that all of its processes are in.
template <std::string ContainerName::*kName>
FieldValue Container(const Group& group, const Snapshot& /*snapshot*/) {
  return group.cgroup != nullptr ? Known(group.cgroup->names.*kName) : FieldValue();
}

// What a single one is like is known from the first member whose footprint could be read.
FieldValue OfOne(const Group& group, double value) {
  return group.sums.Footprint() ? Known(value) : FieldValue();
}

constexpr std::array<Field<Group>, 19> kOwnFields = {{
    {"group", [](const Group& group, const Snapshot&) { return Known(group.name); }, true},
    {"namespace", Container<&ContainerName::name_space>, true},
    {"pod", Container<&ContainerName::pod>, true},
    {"container", Container<&ContainerName::container>, true},
    {"unit",
     [](const Group& group, const Snapshot&) {
       return group.cgroup != nullptr ? Known(group.cgroup->name.unit) : FieldValue();
     },
     true},
    {"processes",
     [](const Group& group, const Snapshot&) { return FieldValue(group.sums.processes); }},
    {"resident_bytes", Memory<MemoryField::kResident>},
    {"anon_bytes", Memory<MemoryField::kAnon>},
    {"shmem_bytes", Memory<MemoryField::kShmem>},
    {"swap_bytes", Memory<MemoryField::kSwap>},
    {"open_fds", [](const Group& group, const Snapshot&) { return Known(group.sums.OpenFds()); }},
    {"fd_exhaustion_seconds",
     [](const Group& group, const Snapshot&) {
       return Known(group.tracked.standing.fd_exhaustion_seconds);
     }},
    {"threads", [](const Group& group, const Snapshot&) { return FieldValue(group.sums.threads); }},
    {"cpu_seconds",
     [](const Group& group, const Snapshot& snapshot) {
       return Known(static_cast<double>(group.cpu_ticks) / snapshot.time.tick_rate);
     }},
    {"oldest_start_time",
     [](const Group& group, const Snapshot& snapshot) {
       const auto& oldest = group.sums.oldest_start_ticks;
       return oldest ? Known(snapshot.time.StartTime(*oldest)) : FieldValue();
     }},
    {"largest_footprint_bytes",
     [](const Group& group, const Snapshot&) {
       return group.sums.Footprint() ? FieldValue(group.largest_footprint) : FieldValue();
     }},
    {"median_footprint_bytes",
     [](const Group& group, const Snapshot&) {
       return group.sums.Footprint() ? FieldValue(group.median_footprint) : FieldValue();
     }},
    {"largest_start_time",
     [](const Group& group, const Snapshot& snapshot) {
       return OfOne(group, snapshot.time.StartTime(group.largest_start_ticks));
     }},
    {"exported",
     [](const Group& group, const Snapshot&) { return FieldValue(group.selection.chosen); }},
}};

constexpr auto kFields = Joined(kOwnFields, kCommonFields<Group>);
constexpr std::span<const Field<Group>> kAllFields = kFields;

bool NameBefore(const Group& a, const Group& b) { return a.name < b.name; }

// The largest member of each group: what is to be looked at.
using Largest = std::unordered_map<const Group*, const Process*>;

Largest LargestMembers(const Snapshot& snapshot) {
  Largest largest;
  for (const Process* process : *snapshot.processes) {
    if (process->group == nullptr) continue;
    const Process*& so_far = largest[process->group];
    if (so_far == nullptr || FootprintOf(*so_far).value_or(0) < FootprintOf(*process).value_or(0)) {
      so_far = process;
    }
  }
  return largest;
}

}  // namespace

const ListRules& GroupListRules() {
  static const ListRules kRules = {"resident_bytes", NamesOf(kAllFields), {"group"}};
  return kRules;
}

Json GroupsJson(const ListQuery& query, const Snapshot& snapshot) {
  List<Group> list(kAllFields, NameBefore, query, snapshot);
  Largest largest;
  if (snapshot.processes_listed) {
    for (const Group* group : *snapshot.all_groups) {
      if (group->sums.processes > 0 || group->tracked.standing.suspect) list.Offer(*group);
    }
    if (query.details) largest = LargestMembers(snapshot);
  }
  return ListJson("groups", list.Finish(), query, snapshot, [&](const Group& group) {
    Json json = FieldsJson(group, kAllFields, kProcessResources, snapshot);
    if (query.history) PutHistory(json, group, kProcessResources, snapshot);
    if (query.details) {
      PutResources(json, group, kProcessResources, snapshot);
      const auto member = largest.find(&group);
      PutNextCommands(json, member != largest.end() ? member->second : nullptr,
                      TrendOf(group, snapshot), group.tracked.standing, true);
    }
    return json;
  });
}

}  // namespace memleak
