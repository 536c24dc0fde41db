// The model of the host: reads it through the host stage and keeps what lasts between passes.
//
// One thread at a time (the scraper's lock).
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "exporter/config/options.h"
#include "exporter/host/boot_clock.h"
#include "exporter/host/kernel_log/kernel_log.h"
#include "exporter/host/kernel_log/oom_report.h"
#include "exporter/host/node/node_reader.h"
#include "exporter/host/process/chosen_source.h"
#include "exporter/host/procfs.h"
#include "exporter/host/slow_reads.h"
#include "exporter/model/cgroup_table.h"
#include "exporter/model/evidence/evidence_table.h"
#include "exporter/model/group_table.h"
#include "exporter/model/node_rates.h"
#include "exporter/model/oom_kills.h"
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

  // The proc tree, a directory descriptor, as long as the model lives.
  int proc_root() const { return procfs_.fd(); }

 private:
  void LookAtNode();
  void LookAtCgroups(bool ids_are_told);
  bool PassOverProcesses();
  void TellSource();
  void ChooseProcesses();
  void ChooseCgroups();
  void ReadKernelLog();

  Needs needs_;
  ProcFs procfs_;
  BootClock clock_;
  NodeReader node_reader_;
  NodeRateMeter node_rates_;
  ChosenSource source_;
  GroupTable groups_;
  CgroupTable cgroups_;
  SlowReads slow_reads_;
  ProcessTable processes_;
  EvidenceTable evidence_;
  std::optional<KernelLog> kernel_log_;
  OomReader oom_reader_;
  OomKills oom_kills_;
  bool kernel_log_began_ = false;  // what stood in it at our start was read
  double kernel_log_read_ = 0;     // when, seconds since 1970
  Snapshot snapshot_;
};

}  // namespace memleak
