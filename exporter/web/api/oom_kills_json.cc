#include "exporter/web/api/oom_kills_json.h"

#include <cstddef>
#include <utility>

#include "exporter/model/cgroup_labels.h"

namespace memleak {
namespace {

void PutVictim(Json& json, const OomKill& kill) {
  Put(json, "pid", kill.report.pid);
  PutValue(json, "comm", Known(kill.report.comm.view()));
  PutValue(json, "group", Known(kill.group));
}

Json KillJson(const OomKill& kill) {
  Json json = Json::object();
  PutIfKnown(json, "time", kill.time);
  Put(json, "before_start", kill.before_start);
  PutVictim(json, kill);
  PutValue(json, "namespace", Known(kill.container.name_space));
  PutValue(json, "pod", Known(kill.container.pod));
  PutValue(json, "container", Known(kill.container.container));
  Put(json, "scope", kOomScopeNames[static_cast<size_t>(kill.report.scope)]);
  if (!kill.report.limit_cgroup.empty()) {
    Put(json, "limit_cgroup", CgroupLabel(kill.report.limit_cgroup));
  }
  PutIfKnown(json, "anon_bytes", kill.report.anon);
  PutIfKnown(json, "baseline_bytes", kill.baseline_bytes);
  PutIfKnown(json, "baseline_ratio", kill.baseline_ratio);
  return json;
}

}  // namespace

Json OomKillSummaryJson(const OomKill& kill) {
  Json json = Json::object();
  PutIfKnown(json, "time", kill.time);
  PutVictim(json, kill);
  return json;
}

Json OomKillsJson(const Snapshot& snapshot) {
  Json rows = Json::array();
  Json json = Json::object();
  Put(json, "time", snapshot.time.unix_time);
  if (snapshot.oom_kills != nullptr) {
    const auto& kills = snapshot.oom_kills->kills();
    for (size_t i = kills.size(); i-- > 0;) rows.push_back(KillJson(kills[i]));
    Put(json, "total", kills.size());
  }
  Put(json, "oom_kills", std::move(rows));
  return json;
}

}  // namespace memleak
