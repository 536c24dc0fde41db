// The model of the host: reads it through the host stage and keeps what lasts between passes.
//
// One thread at a time (the scraper's lock).
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "exporter/config/options.h"
#include "exporter/host/boot_clock.h"
#include "exporter/host/node/node_reader.h"
#include "exporter/host/process/process_source.h"
#include "exporter/host/procfs.h"
#include "exporter/host/slow_reads.h"
#include "exporter/model/cgroup_table.h"
#include "exporter/model/group_table.h"
#include "exporter/model/process_table.h"
#include "exporter/model/snapshot.h"

namespace memleak {

class HostModel {
 public:
  // Opens the host's trees for what `needs` asks. Throws std::exception with one line.
  HostModel(const Options& options, const Needs& needs);

  // The first look: finds the processes and waits until their names are read, at most `patience`.
  // Nothing is chosen yet: before the names are known, what would be chosen has no rivals.
  void FirstLook(std::chrono::milliseconds patience);
  // Looks at the host again. Nothing is chosen yet: the trend stage adds its part to the snapshot
  // first. The reference stays the same.
  Snapshot& Look();
  // Chooses what is exported one by one.
  const Snapshot& Choose();
  const Snapshot& snapshot() const { return snapshot_; }

  std::string_view source_name() const { return source_->name(); }

 private:
  void LookAtNode();
  bool PassOverProcesses();
  void ChooseProcesses();
  void ChooseCgroups();

  Needs needs_;
  ProcFs procfs_;
  BootClock clock_;
  NodeReader node_reader_;
  std::unique_ptr<ProcessSource> source_;
  GroupTable groups_;
  CgroupTable cgroups_;
  SlowReads slow_reads_;
  ProcessTable processes_;
  Snapshot snapshot_;
};

}  // namespace memleak
