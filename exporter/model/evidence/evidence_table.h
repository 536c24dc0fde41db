// Gathers evidence about suspects: decides whose descriptors, mappings and JVM heap are read when,
// lets helper threads read them, and keeps what they found with the process.
//
// Only processes that are exported one by one are asked about: suspects, of a suspected group
// without any the largest member, and the members of groups that were named for it, once a slot;
// and JVMs of any standing, in every pass, since that is one small file. All that is due in a pass
// is one round, those read longest ago first, and the largest of these. A round has a budget of
// time; what it did not get to is late and comes first in the next. A read that does not come back
// leaves its process alone.
//
// One thread but for the inbox.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "exporter/host/boot_clock.h"
#include "exporter/host/evidence/evidence_read.h"
#include "exporter/host/process/process_source.h"
#include "exporter/host/slow_reads.h"
#include "exporter/host/unique_fd.h"
#include "exporter/model/process_table.h"

namespace memleak {

class EvidenceTable {
 public:
  struct Settings {
    std::set<std::string, std::less<>> groups;  // read of these without suspicion, too
    std::chrono::milliseconds budget{500};      // of a round
    double period_seconds = 60;                 // between two readings of one process
  };
  // Reads by kind and by how they ended, since the start.
  using Counts = std::array<std::array<uint64_t, kEvidenceResultNames.size()>, kEvidenceKinds>;

  // What is older than so many periods is not shown.
  static constexpr double kStalePeriods = 3;
  // A reading that was cut is tried again after pauses that double up to this many periods.
  static constexpr double kLongestPausePeriods = 60;

  // `proc_root` is a directory descriptor of the proc tree; the table duplicates it for the jobs,
  // which may outlive it. Throws std::system_error.
  EvidenceTable(Settings settings, int proc_root);
  ~EvidenceTable();

  // Takes what was read since the last pass, and asks for what is due. Processes keep what was
  // found of them (Process::evidence).
  void Update(const Needs& needs, const std::vector<Process*>& exported, const PassTime& now);
  // Waits for what was asked for (tests).
  bool WaitIdle(std::chrono::milliseconds patience) { return slow_reads_.WaitIdle(patience); }

  const Counts& counts() const { return counts_; }
  int stuck() const { return slow_reads_.stuck(); }

 private:
  struct Inbox;
  struct Found;
  struct Due {
    Process* process;
    EvidenceKind kind;
    double asked;
    uint64_t resident;
  };

  void FindMembersOfSuspects(const std::vector<Process*>& exported);
  bool IsAskedAbout(const Process& process) const;
  void TakeFound(double now);
  void LookFor(Process& process, EvidenceKind kind, double period, double now);
  double PauseAfter(EvidenceKind kind, EvidenceResult result, double pause) const;
  void Ask(const Due& due, bool first, EvidenceDeadline round_ends, double now);

  const Settings settings_;
  std::shared_ptr<const UniqueFd> proc_root_;
  std::shared_ptr<Inbox> inbox_;
  std::vector<Found> found_;
  std::vector<Due> due_;
  // Of each suspected group what is asked about for its sake, if it has no suspect of its own.
  std::vector<const Process*> members_of_suspects_;
  Counts counts_{};
  SlowReads slow_reads_;
};

}  // namespace memleak
