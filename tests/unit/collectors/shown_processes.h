// Processes as the model hands them to collectors, with evidence about them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporter/model/snapshot.h"

namespace memleak {

struct ShownProcesses {
  static constexpr double kNow = 100;

  Process& Add(int pid) {
    Process& process = *owned.emplace_back(std::make_unique<Process>());
    process.sample.pid = pid;
    process.labels = "pid=\"" + std::to_string(pid) + "\",comm=\"a\\\"b\",group=\"g\"";
    exported.push_back(&process);
    return process;
  }
  // One of which this was read; what, the caller fills in.
  template <typename Value>
  Value& AddWith(int pid, Observed<Value> Evidence::*kind) {
    Process& process = Add(pid);
    process.evidence = std::make_unique<Evidence>();
    Observed<Value>& observed = (*process.evidence).*kind;
    observed.Take({}, kNow);
    observed.shown = true;
    return observed.last;
  }
  Snapshot MakeSnapshot() const {
    Snapshot snapshot;
    snapshot.processes_listed = true;
    snapshot.exported = &exported;
    return snapshot;
  }

  std::vector<std::unique_ptr<Process>> owned;
  std::vector<const Process*> exported;
};

}  // namespace memleak
