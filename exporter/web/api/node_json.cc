#include "exporter/web/api/node_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "exporter/trend/host_trends.h"
#include "exporter/version.h"
#include "exporter/web/api/oom_kills_json.h"
#include "exporter/web/api/verdict_json.h"

namespace memleak {
namespace {

double Seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

struct MemoryName {
  std::string_view name;
  MemInfoField field;
};
constexpr std::array<MemoryName, 5> kMemoryNames = {{
    {"memory_total_bytes", MemInfoField::kTotal},
    {"memory_available_bytes", MemInfoField::kAvailable},
    {"memory_free_bytes", MemInfoField::kFree},
    {"swap_total_bytes", MemInfoField::kSwapTotal},
    {"swap_free_bytes", MemInfoField::kSwapFree},
}};

template <typename Rows>
uint64_t CountSuspects(const Rows& rows) {
  return static_cast<uint64_t>(std::count_if(
      rows.begin(), rows.end(), [](const auto* row) { return row->tracked.standing.suspect; }));
}

// What there is of processes, groups and cgroups, as the lists count them.
void PutCounts(Json& json, const Snapshot& snapshot) {
  uint64_t suspects = 0;
  if (snapshot.processes_listed) {
    const auto& groups = *snapshot.all_groups;
    suspects += CountSuspects(*snapshot.processes) + CountSuspects(groups);
    Put(json, "processes", snapshot.processes->size());
    Put(json, "groups", std::count_if(groups.begin(), groups.end(), [](const Group* group) {
          return group->sums.processes > 0 || group->tracked.standing.suspect;
        }));
  }
  if (snapshot.all_cgroups != nullptr) {
    uint64_t shown = 0;
    for (const Cgroup* cgroup : *snapshot.all_cgroups) {
      if (!cgroup->MayBeShown()) continue;
      ++shown;
      if (cgroup->tracked.standing.suspect) ++suspects;
    }
    Put(json, "cgroups", shown);
  }
  Put(json, "suspects", suspects);
}

void PutOomKills(Json& json, const Snapshot& snapshot) {
  const auto& vmstat = snapshot.node.vmstat;
  const bool log = snapshot.oom_kills != nullptr;
  if (vmstat && vmstat->oom_kills) {
    Put(json, "oom_kills", *vmstat->oom_kills);
  } else if (log) {
    Put(json, "oom_kills", snapshot.oom_kills->kills().size());
  }
  if (log && !snapshot.oom_kills->kills().empty()) {
    Put(json, "last_oom_kill", OomKillSummaryJson(snapshot.oom_kills->kills().back()));
  }
}

void PutTrends(Json& json, const Snapshot& snapshot) {
  if (snapshot.trends == nullptr) return;
  const double boot_time = snapshot.time.boot_time;
  Json resources = Json::array();
  for (size_t i = 0; i < kNodeResourceNames.size(); ++i) {
    const Trend* trend = snapshot.trends->OfNode(static_cast<NodeResource>(i));
    if (trend == nullptr) continue;
    resources.push_back(
        VerdictJson(kNodeResourceNames[i], trend->Judge(0), Quantity::kBytes, boot_time));
  }
  Put(json, "resources", std::move(resources));
  Json history = Json::object();
  for (const NodeResource resource : {NodeResource::kUsed, NodeResource::kSwap}) {
    const Trend* trend = snapshot.trends->OfNode(resource);
    if (trend == nullptr) continue;
    Json points = PointsJson(*trend, 0, Quantity::kBytes, boot_time);
    if (points.is_null()) continue;
    Put(history, kNodeResourceNames[static_cast<size_t>(resource)], std::move(points));
  }
  Put(json, "history", std::move(history));
}

Json TheNodeJson(const Snapshot& snapshot) {
  Json json = Json::object();
  PutValue(json, "name", Known(snapshot.node_name));
  Put(json, "boot_time", snapshot.time.boot_time);
  if (snapshot.node.meminfo) {
    for (const MemoryName& row : kMemoryNames) {
      PutIfKnown(json, row.name, (*snapshot.node.meminfo)[static_cast<size_t>(row.field)]);
    }
  }
  PutIfKnown(json, "swap_in_bytes_per_second", snapshot.node_rates.swap_in);
  PutIfKnown(json, "swap_out_bytes_per_second", snapshot.node_rates.swap_out);
  PutIfKnown(json, "pressure_waiting_share", snapshot.node_rates.waiting);
  PutIfKnown(json, "pressure_stalled_share", snapshot.node_rates.stalled);
  PutCounts(json, snapshot);
  PutValue(json, "exhaustion_seconds", Known(snapshot.node_standing.exhaustion_seconds));
  PutOomKills(json, snapshot);
  PutTrends(json, snapshot);
  return json;
}

Json ExporterJson(const Snapshot& snapshot, const Options& options, double start_time) {
  Json json = Json::object();
  Put(json, "version", Version());
  Put(json, "revision", Revision());
  Put(json, "source", snapshot.source);
  Put(json, "start_time", start_time);
  Put(json, "slot_seconds", Seconds(options.trend.slot));
  Put(json, "refresh_seconds", Seconds(options.trend.interval));
  Put(json, "telemetry_path", ShownText(options.web.telemetry_path));
  Put(json, "processes_listed", snapshot.processes_listed);
  return json;
}

}  // namespace

Json NodeJson(const Snapshot& snapshot, const Options& options, double start_time) {
  Json json = Json::object();
  Put(json, "time", snapshot.time.unix_time);
  Put(json, "node", TheNodeJson(snapshot));
  Put(json, "exporter", ExporterJson(snapshot, options, start_time));
  return json;
}

}  // namespace memleak
