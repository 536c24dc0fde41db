// The processes of the host across passes: identity, names, membership in a group, selection.
//
// A process is (pid, start time). A survivor keeps its row and its rendered label text; a reused
// pid is a newcomer; an exec (a changed address of the arguments, or a changed comm where that is
// hidden) starts a new life of the same process: its names are read again. One thread but for the
// name inbox, which the slow reads fill.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/boot_clock.h"
#include "exporter/host/process/process_source.h"
#include "exporter/host/slow_reads.h"
#include "exporter/host/unique_fd.h"
#include "exporter/host/users.h"
#include "exporter/model/cgroup_table.h"
#include "exporter/model/evidence/evidence.h"
#include "exporter/model/group_name.h"
#include "exporter/model/group_table.h"
#include "exporter/model/selection.h"
#include "exporter/model/tracked.h"

namespace memleak {

// What was read about an identity, once.
struct ProcessNames {
  std::string exe;      // empty when unknown
  std::string user;     // empty when unknown
  std::string runtime;  // "java", "go", "native", ...; empty when unknown
  std::string program;  // the group by rule or program
  bool by_rule = false;
  std::string group;  // `program`, or the workload of its container where no rule says otherwise
};

struct Process {
  uint64_t life = 0;  // unique per identity and exec, never reused
  ProcessSample sample;
  bool readable = true;   // whether the last pass could read it
  double life_began = 0;  // monotonic seconds, as we saw it
  double born = 0;        // seconds since boot: its start, or the exec that we saw

  enum class NameState : uint8_t { kUnread, kRequested, kRead };
  NameState name_state = NameState::kUnread;
  ProcessNames names;

  Cgroup* cgroup = nullptr;   // none while unknown
  bool located = false;       // there, by this pass
  uint64_t cgroup_stamp = 0;  // of it when it was looked at last

  Group* group = nullptr;          // none until the names are read or a second has passed
  uint64_t counted_cpu_ticks = 0;  // what a group's counters already hold of this process
  uint64_t counted_major_faults = 0;
  uint64_t cpu_ticks_spent = 0;  // between the last two passes, as far as we know

  Tracked tracked;                     // of this life
  std::unique_ptr<Evidence> evidence;  // of this life; most never have any
  SelectionState selection;
  std::optional<uint64_t> max_fds;
  static constexpr double kNeverRead = -1e18;
  double max_fds_read = kNeverRead;  // monotonic seconds

  std::string labels;  // pid, comm, group, names of the container; rendered when first exported
  std::string info_labels;  // the same and exe, user, unit, cgroup, container_id, runtime
};

// A process that ended, kept for a minute so that an OOM kill finds what it killed.
struct DeadProcess {
  int32_t pid = 0;
  uint64_t start_ticks = 0;
  Comm comm;
  std::string group;   // empty when it had none yet
  std::string cgroup;  // its path; empty when unknown
  ContainerName container;
  MemoryBytes memory;
  Standing standing;
  double died = 0;  // monotonic seconds: the first pass without it
};

// How many processes the last pass saw, disjoint (memleak_scrape_processes).
struct PassCounts {
  uint64_t exported = 0;
  uint64_t grouped = 0;
  uint64_t pending = 0;  // newcomers whose names are still being read
  uint64_t gone = 0;
  uint64_t denied = 0;
  uint64_t malformed = 0;
};

class ProcessTable : public ProcessSink {
 public:
  struct Settings {
    uint64_t min_rss_bytes = 0;
    double min_age_seconds = 0;
    size_t limit = 0;
  };
  static constexpr double kDeadSeconds = 60;
  static constexpr size_t kMaxDead = 4096;
  static constexpr double kNamePatienceSeconds = 1;
  static constexpr double kMaxFdsPeriodSeconds = 60;
  // What is not exported may run out of descriptors, too: with so many, its limit is read, of so
  // many processes in a pass.
  static constexpr uint64_t kManyFds = 256;
  static constexpr int kOtherLimitsPerPass = 64;

  // `groups`, `cgroups` and `slow_reads` must outlive the table. `proc_root` is a directory
  // descriptor of the proc tree; the table duplicates it for the jobs, which may outlive it.
  // `start` tells which processes are older than the exporter. Throws std::system_error.
  ProcessTable(const Settings& settings, GroupTable& groups, CgroupTable& cgroups,
               SlowReads& slow_reads, int proc_root, std::shared_ptr<const GroupRules> rules,
               std::shared_ptr<Users> users, const PassTime& start);
  ~ProcessTable() override;

  void BeginPass(const PassTime& now);
  void OnProcess(const ProcessSample& sample) override;
  void OnUnreadable(int32_t pid, ReadStatus status) override;
  // Buries what this pass did not see and ends the groups' pass.
  void EndPass();
  // Chooses what is exported one by one, processes and groups.
  void Choose();
  // Reads the soft limits of what is exported, and of what has many descriptors, where they are
  // older than a minute.
  void ReadLimits(ProcessSource& source);

  // Of the last pass; nullptr when there is none.
  const Process* Find(int32_t pid) const;
  // In ascending order of pid.
  const std::vector<Process*>& processes() const { return order_; }
  const std::vector<const Process*>& exported() const { return exported_; }
  // The same, for who adds to them.
  const std::vector<Process*>& chosen() const { return chosen_; }
  const PassCounts& counts() const { return counts_; }
  size_t suspects_cut() const { return selection_.suspects_cut(); }
  // Newest last.
  const std::deque<DeadProcess>& recently_dead() const { return dead_; }
  // Names that were denied, since the start: exe and cmdline.
  uint64_t denied_exe() const { return denied_exe_; }
  uint64_t denied_cmdline() const { return denied_cmdline_; }

 private:
  struct NameInbox;
  struct NameResult;

  void TakeNames();
  void RequestNames(Process& process);
  void BeginLife(Process& process);
  void AddNewcomer(const ProcessSample& sample);
  void Update(Process& process, const ProcessSample& sample);
  static void CountInGroup(Process& process);
  void BuryUntil(int32_t pid);
  void Bury(Process& process);
  bool ReadLimit(Process& process, ProcessSource& source) const;
  // Finds the cgroup, and the group where the cgroup decides about it.
  void Locate(Process& process);
  // Joins the group that the names tell.
  void Join(Process& process);
  static void Render(Process& process);

  const Settings settings_;
  GroupTable& groups_;
  CgroupTable& cgroups_;
  SlowReads& slow_reads_;
  std::shared_ptr<const UniqueFd> proc_root_;
  std::shared_ptr<const GroupRules> rules_;
  std::shared_ptr<Users> users_;
  std::shared_ptr<NameInbox> inbox_;
  std::vector<NameResult> taken_;
  uint64_t born_since_ticks_;  // processes that started later are younger than the exporter

  PassTime now_;
  uint64_t lives_ = 0;
  std::deque<Process> slots_;  // keeps addresses
  std::vector<Process*> free_;
  std::vector<Process*> order_;  // of the last pass
  std::vector<Process*> next_;   // of this one, while it runs
  size_t cursor_ = 0;            // how far this pass has come in order_
  size_t limits_cursor_ = 0;     // where in order_ to go on reading the limits of others
  Selection selection_;
  std::vector<Process*> chosen_;
  std::vector<const Process*> exported_;
  PassCounts counts_;
  std::deque<DeadProcess> dead_;
  uint64_t denied_exe_ = 0;
  uint64_t denied_cmdline_ = 0;
};

}  // namespace memleak
