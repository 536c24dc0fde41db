#include "exporter/web/api/cgroups_json.h"

#include <array>
#include <span>
#include <string>
#include <unordered_map>

#include "exporter/model/cgroup_labels.h"
#include "exporter/web/api/row_json.h"

namespace memleak {
namespace {

template <std::optional<uint64_t> CgroupMemory::*kBytes>
FieldValue Memory(const Cgroup& cgroup, const Snapshot& /*snapshot*/) {
  return Known(cgroup.memory.*kBytes);
}

template <std::string ContainerName::*kName>
FieldValue Container(const Cgroup& cgroup, const Snapshot& /*snapshot*/) {
  return Known(cgroup.names.*kName);
}

constexpr std::array<Field<Cgroup>, 17> kOwnFields = {{
    {"cgroup",
     [](const Cgroup& cgroup, const Snapshot&) { return FieldValue(CgroupLabel(cgroup.path)); },
     true},
    {"kind", [](const Cgroup& cgroup, const Snapshot&) { return Known(KindLabel(*cgroup.kind)); }},
    {"group",
     [](const Cgroup& cgroup, const Snapshot&) {
       const bool known = cgroup.group != nullptr && !cgroup.several_groups && !cgroup.incomplete;
       return known ? Known(cgroup.group->name) : FieldValue();
     },
     true},
    {"namespace", Container<&ContainerName::name_space>, true},
    {"pod", Container<&ContainerName::pod>, true},
    {"container", Container<&ContainerName::container>, true},
    {"unit", [](const Cgroup& cgroup, const Snapshot&) { return Known(cgroup.name.unit); }, true},
    {"processes",
     [](const Cgroup& cgroup, const Snapshot&) {
       return cgroup.incomplete ? FieldValue() : FieldValue(cgroup.processes);
     }},
    {"usage_bytes", Memory<&CgroupMemory::usage>},
    {"unreclaimable_bytes", Memory<&CgroupMemory::unreclaimable>},
    {"anon_bytes", Memory<&CgroupMemory::anon>},
    {"shmem_bytes", Memory<&CgroupMemory::shmem>},
    {"swap_bytes", Memory<&CgroupMemory::swap>},
    {"kernel_bytes", Memory<&CgroupMemory::kernel>},
    {"page_cache_bytes", Memory<&CgroupMemory::page_cache>},
    {"limit_bytes", [](const Cgroup& cgroup, const Snapshot&) { return Known(cgroup.limit); }},
    {"exported",
     [](const Cgroup& cgroup, const Snapshot&) { return FieldValue(cgroup.selection.chosen); }},
}};

constexpr auto kFields = Joined(kOwnFields, kCommonFields<Cgroup>);
constexpr std::span<const Field<Cgroup>> kAllFields = kFields;

bool NameBefore(const Cgroup& a, const Cgroup& b) { return a.path < b.path; }

// The largest process in each cgroup or below it.
using Largest = std::unordered_map<const Cgroup*, const Process*>;

Largest LargestMembers(const Snapshot& snapshot) {
  Largest largest;
  if (!snapshot.processes_listed) return largest;
  for (const Process* process : *snapshot.processes) {
    for (const Cgroup* in = process->cgroup; in != nullptr; in = in->parent) {
      const Process*& so_far = largest[in];
      const auto footprint = FootprintOf(*process).value_or(0);
      if (so_far == nullptr || FootprintOf(*so_far).value_or(0) < footprint) so_far = process;
    }
  }
  return largest;
}

}  // namespace

const ListRules& CgroupListRules() {
  static const ListRules kRules = {"unreclaimable_bytes", NamesOf(kAllFields), {"cgroup", "group"}};
  return kRules;
}

Json CgroupsJson(const ListQuery& query, const Snapshot& snapshot) {
  List<Cgroup> list(kAllFields, NameBefore, query, snapshot);
  Largest largest;
  if (snapshot.all_cgroups != nullptr) {
    for (const Cgroup* cgroup : *snapshot.all_cgroups) {
      if (cgroup->MayBeShown()) list.Offer(*cgroup);
    }
    if (query.details) largest = LargestMembers(snapshot);
  }
  return ListJson("cgroups", list.Finish(), query, snapshot, [&](const Cgroup& cgroup) {
    Json json = FieldsJson(cgroup, kAllFields, kCgroupResources, snapshot);
    if (query.history) PutHistory(json, cgroup, kCgroupResources, snapshot);
    if (query.details) {
      PutResources(json, cgroup, kCgroupResources, snapshot);
      const auto member = largest.find(&cgroup);
      PutNextCommands(json, member != largest.end() ? member->second : nullptr,
                      TrendOf(cgroup, snapshot), cgroup.tracked.standing, false);
    }
    return json;
  });
}

}  // namespace memleak
