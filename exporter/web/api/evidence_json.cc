#include "exporter/web/api/evidence_json.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "exporter/trend/evidence_reasons.h"
#include "exporter/trend/host_trends.h"

namespace memleak {
namespace {

// Whose evidence is told: what leaks, and of one that only runs out soon, what does.
struct Concerned {
  bool memory = false;
  bool descriptors = false;
};

Concerned ConcernedOf(const Process& process, const Snapshot& snapshot) {
  Concerned concerned;
  if (const Trend* trend = snapshot.trends != nullptr ? snapshot.trends->Of(process) : nullptr) {
    concerned.memory = trend->Suspected(kFootprintTrend) || trend->Suspected(kShmemTrend);
    concerned.descriptors = trend->Suspected(kFdsTrend);
  }
  if (!concerned.memory && !concerned.descriptors) {
    const Standing& standing = process.tracked.standing;
    concerned.memory = std::isfinite(standing.exhaustion_seconds);
    concerned.descriptors = std::isfinite(standing.fd_exhaustion_seconds);
  }
  return concerned;
}

void PutMappings(Json& json, const Mappings& mappings) {
  Json kinds = Json::object();
  for (size_t i = 0; i < kMappingKinds; ++i) {
    if (mappings.resident[i] > 0) Put(kinds, kMappingKindNames[i], mappings.resident[i]);
  }
  Put(json, "mappings", std::move(kinds));
  Put(json, "proportional_bytes", mappings.proportional);
}

void PutDescriptors(Json& json, const FdKinds& fds) {
  Json kinds = Json::object();
  for (size_t i = 0; i < kFdKinds; ++i) {
    if (fds.counts[i] > 0) Put(kinds, kFdKindNames[i], fds.counts[i]);
  }
  Put(json, "descriptors", std::move(kinds));
  if (fds.uncounted > 0) Put(json, "descriptors_uncounted", fds.uncounted);
  Json targets = Json::array();
  for (const FdKinds::Target& target : fds.targets) {
    Json row = Json::object();
    Put(row, "target", ShownText(target.name));
    Put(row, "count", target.count);
    targets.push_back(std::move(row));
  }
  Put(json, "descriptor_targets", std::move(targets));
}

void PutJvm(Json& json, const JvmHeap& heap, const JvmHistory& history) {
  Json jvm = Json::object();
  PutIfKnown(jvm, "old_generation_used_bytes", heap.old_used);
  PutIfKnown(jvm, "old_generation_capacity_bytes", heap.old_capacity);
  PutIfKnown(jvm, "old_generation_max_bytes", heap.old_max);
  PutIfKnown(jvm, "old_generation_after_full_collection_bytes", history.after_full().last());
  PutIfKnown(jvm, "metaspace_used_bytes", heap.metaspace_used);
  PutIfKnown(jvm, "full_collections", heap.full_collections);
  Put(json, "jvm", std::move(jvm));
}

}  // namespace

Json EvidenceJson(const Process& process, const Snapshot& snapshot) {
  if (process.evidence == nullptr) return {};
  const Evidence& evidence = *process.evidence;
  const Mappings* mappings = evidence.mappings.Shown();
  const FdKinds* fds = evidence.fds.Shown();
  const JvmHeap* heap = evidence.jvm.heap.Shown();
  if (mappings == nullptr && fds == nullptr && heap == nullptr) return {};

  const PassTime& now = snapshot.time;
  const double read = std::max({mappings != nullptr ? evidence.mappings.last_time : 0,
                                fds != nullptr ? evidence.fds.last_time : 0,
                                heap != nullptr ? evidence.jvm.heap.last_time : 0});
  const Concerned concerned = ConcernedOf(process, snapshot);
  Json json = Json::object();
  Put(json, "time", now.unix_time - (now.monotonic - read));
  Put(json, "reasons",
      EvidenceReasons(evidence, process.sample.memory.Footprint(), concerned.memory,
                      concerned.descriptors));
  if (mappings != nullptr) PutMappings(json, *mappings);
  if (fds != nullptr) PutDescriptors(json, *fds);
  if (heap != nullptr) PutJvm(json, *heap, evidence.jvm);
  return json;
}

}  // namespace memleak
