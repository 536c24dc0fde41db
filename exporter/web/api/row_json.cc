#include "exporter/web/api/row_json.h"

#include <cmath>

#include "exporter/web/api/next_commands.h"

namespace memleak {
namespace {

// What of it leaks, or runs out soon, or else its memory.
LeakKind LeakOf(const Trend* trend, const Standing& standing, bool third_is_descriptors) {
  const auto suspected = [&](size_t index) { return trend != nullptr && trend->Suspected(index); };
  if (suspected(kFootprintTrend)) return LeakKind::kMemory;
  if (third_is_descriptors && suspected(kFdsTrend)) return LeakKind::kDescriptors;
  if (suspected(kShmemTrend)) return LeakKind::kSharedMemory;
  const bool only_descriptors_run_out =
      std::isfinite(standing.fd_exhaustion_seconds) && !std::isfinite(standing.exhaustion_seconds);
  return only_descriptors_run_out ? LeakKind::kDescriptors : LeakKind::kMemory;
}

}  // namespace

void PutNextCommands(Json& json, const Process* process, const Trend* trend,
                     const Standing& standing, bool third_is_descriptors) {
  if (process == nullptr || process->sample.kernel_thread) return;
  Json commands = Json::array();
  const LeakKind leak = LeakOf(trend, standing, third_is_descriptors);
  for (const NextCommand& next : NextCommands(process->names.runtime, leak, process->sample.pid)) {
    Json row = Json::object();
    Put(row, "command", next.command);
    Put(row, "shows", next.shows);
    commands.push_back(std::move(row));
  }
  Put(json, "next_commands", std::move(commands));
}

}  // namespace memleak
