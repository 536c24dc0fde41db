#include "exporter/web/api/processes_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <utility>

#include "exporter/model/cgroup_labels.h"
#include "exporter/trend/kind_histories.h"
#include "exporter/web/api/evidence_json.h"
#include "exporter/web/api/row_json.h"

namespace memleak {
namespace {

template <MemoryField kField>
FieldValue Memory(const Process& process, const Snapshot& /*snapshot*/) {
  return Known(process.sample.memory.Get(kField));
}

// Of the names of its container.
template <std::string ContainerName::*kName>
FieldValue Container(const Process& process, const Snapshot& /*snapshot*/) {
  return process.cgroup != nullptr ? Known(process.cgroup->names.*kName) : FieldValue();
}

FieldValue UserOf(const Process& process, const Snapshot& /*snapshot*/) {
  if (!process.names.user.empty()) return Known(process.names.user);
  if (process.sample.uid) return std::to_string(*process.sample.uid);
  return {};
}

FieldValue MemoryShareOf(const Process& process, const Snapshot& snapshot) {
  const auto resident = process.sample.memory.Get(MemoryField::kResident);
  if (!resident || !snapshot.node.meminfo) return {};
  const auto total = (*snapshot.node.meminfo)[static_cast<size_t>(MemInfoField::kTotal)];
  if (!total || *total == 0) return {};
  return static_cast<double>(*resident) / static_cast<double>(*total);
}

constexpr std::array<Field<Process>, 28> kOwnFields = {{
    {"pid",
     [](const Process& process, const Snapshot&) {
       return FieldValue(static_cast<uint64_t>(process.sample.pid));
     },
     true},
    {"comm",
     [](const Process& process, const Snapshot&) { return Known(process.sample.comm.view()); },
     true},
    {"user", UserOf, true},
    {"group",
     [](const Process& process, const Snapshot&) {
       return process.group != nullptr ? Known(process.group->name) : FieldValue();
     },
     true},
    {"runtime",
     [](const Process& process, const Snapshot&) { return Known(process.names.runtime); }},
    {"exe", [](const Process& process, const Snapshot&) { return Known(process.names.exe); }},
    {"cgroup",
     [](const Process& process, const Snapshot&) {
       return process.cgroup != nullptr ? FieldValue(CgroupLabel(process.cgroup->path))
                                        : FieldValue();
     },
     true},
    {"namespace", Container<&ContainerName::name_space>, true},
    {"pod", Container<&ContainerName::pod>, true},
    {"container", Container<&ContainerName::container>, true},
    {"unit",
     [](const Process& process, const Snapshot&) {
       return process.cgroup != nullptr ? Known(process.cgroup->name.unit) : FieldValue();
     },
     true},
    {"kernel_thread",
     [](const Process& process, const Snapshot&) {
       return process.sample.kernel_thread ? FieldValue(true) : FieldValue();
     }},
    {"start_time",
     [](const Process& process, const Snapshot& snapshot) {
       return Known(snapshot.time.StartTime(process.sample.start_ticks));
     }},
    {"age_seconds",
     [](const Process& process, const Snapshot& snapshot) {
       return Known(snapshot.time.Age(process.sample.start_ticks));
     }},
    {"resident_bytes", Memory<MemoryField::kResident>},
    {"anon_bytes", Memory<MemoryField::kAnon>},
    {"file_bytes", Memory<MemoryField::kFile>},
    {"shmem_bytes", Memory<MemoryField::kShmem>},
    {"swap_bytes", Memory<MemoryField::kSwap>},
    {"virtual_bytes", Memory<MemoryField::kVirtual>},
    {"peak_resident_bytes", Memory<MemoryField::kPeakResident>},
    {"page_table_bytes", Memory<MemoryField::kPageTable>},
    {"memory_share", MemoryShareOf},
    {"open_fds",
     [](const Process& process, const Snapshot&) { return Known(process.sample.open_fds); }},
    {"max_fds", [](const Process& process, const Snapshot&) { return Known(process.max_fds); }},
    {"fd_exhaustion_seconds",
     [](const Process& process, const Snapshot&) {
       return Known(process.tracked.standing.fd_exhaustion_seconds);
     }},
    {"threads",
     [](const Process& process, const Snapshot&) { return FieldValue(process.sample.threads); }},
    {"cpu_seconds",
     [](const Process& process, const Snapshot& snapshot) {
       return Known(static_cast<double>(process.sample.cpu_ticks) / snapshot.time.tick_rate);
     }},
}};

constexpr std::array<Field<Process>, 1> kLastField = {{
    {"exported",
     [](const Process& process, const Snapshot&) {
       return FieldValue(process.selection.chosen && process.readable);
     }},
}};

constexpr auto kFields = Joined(Joined(kOwnFields, kCommonFields<Process>), kLastField);
constexpr std::span<const Field<Process>> kAllFields = kFields;

bool NameBefore(const Process& a, const Process& b) {
  const std::string_view name_a = a.sample.comm.view();
  const std::string_view name_b = b.sample.comm.view();
  return name_a != name_b ? name_a < name_b : a.sample.pid < b.sample.pid;
}

Json RowJson(const Process& process, const Snapshot& snapshot) {
  return FieldsJson(process, kAllFields, kProcessResources, snapshot);
}

void PutDetails(Json& json, const Process& process, const Snapshot& snapshot) {
  PutResources(json, process, kProcessResources, snapshot);
  if (Json evidence = EvidenceJson(process, snapshot); !evidence.is_null()) {
    Put(json, "evidence", std::move(evidence));
  }
  PutNextCommands(json, &process, TrendOf(process, snapshot), process.tracked.standing, true);
}

constexpr std::array<std::string_view, kKindFields> kKindNames = {
    "anon_bytes", "file_bytes", "shmem_bytes", "swap_bytes", "open_fds", "threads", "cpu_share"};

void PutKinds(Json& json, const Process& process, const Snapshot& snapshot) {
  if (snapshot.kinds == nullptr) return;
  const std::vector<KindPoint> points = snapshot.kinds->Of(process, snapshot.time);
  if (points.empty()) return;
  Json kinds = Json::object();
  Json times = Json::array();
  for (const KindPoint& point : points) times.push_back(snapshot.time.boot_time + point.time);
  Put(kinds, "times", std::move(times));
  for (size_t i = 0; i < kKindFields; ++i) {
    const bool whole = static_cast<KindField>(i) != KindField::kCpuShare;
    Json values = Json::array();
    for (const KindPoint& point : points) {
      const float value = point.values[i];
      if (std::isnan(value)) {
        values.push_back(nullptr);
      } else if (whole) {
        values.push_back(std::llround(value));
      } else {
        values.push_back(std::round(static_cast<double>(value) * 1e4) / 1e4);
      }
    }
    Put(kinds, kKindNames[i], std::move(values));
  }
  Put(json, "kinds", std::move(kinds));
}

void PutSiblings(Json& json, const Process& process, const Snapshot& snapshot) {
  constexpr size_t kMost = 20;
  Json rows = Json::array();
  if (process.group != nullptr && !process.sample.kernel_thread) {
    std::vector<const Process*> siblings;
    for (const Process* other : *snapshot.processes) {
      if (other != &process && other->group == process.group) siblings.push_back(other);
    }
    const auto resident = [](const Process* one) {
      return one->sample.memory.Get(MemoryField::kResident).value_or(0);
    };
    const size_t shown = std::min(kMost, siblings.size());
    std::partial_sort(siblings.begin(), siblings.begin() + static_cast<ptrdiff_t>(shown),
                      siblings.end(), [&](const Process* a, const Process* b) {
                        return resident(a) != resident(b) ? resident(a) > resident(b)
                                                          : a->sample.pid < b->sample.pid;
                      });
    siblings.resize(shown);
    for (const Process* sibling : siblings) {
      const ProcessSample& sample = sibling->sample;
      Json row = Json::object();
      Put(row, "pid", sample.pid);
      PutValue(row, "comm", Known(sample.comm.view()));
      PutIfKnown(row, "resident_bytes", sample.memory.Get(MemoryField::kResident));
      PutIfKnown(row, "footprint_bytes", sample.memory.Footprint());
      Put(row, "age_seconds", snapshot.time.Age(sample.start_ticks));
      Put(row, "start_time", snapshot.time.StartTime(sample.start_ticks));
      rows.push_back(std::move(row));
    }
  }
  Put(json, "siblings", std::move(rows));
}

// As smaps prints it: at least eight digits.
std::string HexAddress(uint64_t address) {
  constexpr size_t kDigits = 8;
  std::array<char, 16> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), address, 16).ptr;
  const auto size = static_cast<size_t>(end - digits.data());
  std::string text(size < kDigits ? kDigits - size : 0, '0');
  return text.append(digits.data(), size);
}

}  // namespace

const ListRules& ProcessListRules() {
  static const ListRules kRules = {
      "resident_bytes", NamesOf(kAllFields), {"pid", "group", "cgroup"}};
  return kRules;
}

Json ProcessesJson(const ListQuery& query, const Snapshot& snapshot) {
  List<Process> list(kAllFields, NameBefore, query, snapshot);
  if (snapshot.processes_listed) {
    for (const Process* process : *snapshot.processes) list.Offer(*process);
  }
  return ListJson("processes", list.Finish(), query, snapshot, [&](const Process& process) {
    Json json = RowJson(process, snapshot);
    if (query.history) PutHistory(json, process, kProcessResources, snapshot);
    if (query.details) PutDetails(json, process, snapshot);
    return json;
  });
}

const Process* FindProcess(const Snapshot& snapshot, int32_t pid) {
  if (!snapshot.processes_listed) return nullptr;
  const auto& all = *snapshot.processes;
  const auto found = std::lower_bound(
      all.begin(), all.end(), pid,
      [](const Process* process, int32_t wanted) { return process->sample.pid < wanted; });
  return found != all.end() && (*found)->sample.pid == pid ? *found : nullptr;
}

Json ProcessJson(const Process& process, const Snapshot& snapshot) {
  Json json = RowJson(process, snapshot);
  PutHistory(json, process, kProcessResources, snapshot);
  PutDetails(json, process, snapshot);
  PutKinds(json, process, snapshot);
  PutSiblings(json, process, snapshot);
  return json;
}

void PutMemoryDetails(Json& process, const MemoryDetails& details) {
  if (!details.status.empty()) {
    Json status = Json::object();
    for (const StatusLine& line : details.status) Put(status, ShownText(line.name), line.bytes);
    Put(process, "status", std::move(status));
  }
  if (!details.regions_missing.empty()) {
    Put(process, "regions_missing", details.regions_missing);
    return;
  }
  Json regions = Json::array();
  for (const Region& region : details.regions) {
    Json row = Json::object();
    Put(row, "address", HexAddress(region.start) + '-' + HexAddress(region.end));
    Put(row, "permissions", ShownText(region.permissions));
    Put(row, "offset", region.offset);
    Put(row, "name", ShownText(region.name));
    Put(row, "size_bytes", region.end - region.start);
    Put(row, "resident_bytes", region.resident);
    Put(row, "proportional_bytes", region.proportional);
    Put(row, "swap_bytes", region.swapped);
    regions.push_back(std::move(row));
  }
  Put(process, "regions", std::move(regions));
}

}  // namespace memleak
