// The cgroups of the host across passes: what they hold, how far their limits are, whose they are.
//
// A cgroup is its path. One pass: BeginPass walks the hierarchy and says which process is where;
// after the process table's pass NoteMember tells whose groups they are in; EndPass chooses what is
// exported. One thread. A Cgroup keeps its address until the EndPass after it vanished.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/cgroup/cgroup_fs.h"
#include "exporter/host/process/process_source.h"
#include "exporter/model/cgroup_path.h"
#include "exporter/model/container_names.h"
#include "exporter/model/group_table.h"
#include "exporter/model/selection.h"
#include "exporter/model/tracked.h"

namespace memleak {

struct Cgroup {
  std::string path;  // "" is the root, "/a/b" below it
  Cgroup* parent = nullptr;
  std::vector<std::unique_ptr<Cgroup>> children;  // in the order of their names' bytes
  int depth = 0;

  bool gone = false;                // vanished in this pass
  bool contains_container = false;  // somewhere below
  bool incomplete = false;  // something below was not looked at: `processes` says too little
  bool several_groups = false;
  bool limit_unknown = false;
  bool headroom_unknown = false;  // a limit on the way up could not be judged
  // What it is exported as; nothing when it never is: neither container, unit nor limited, or
  // another one of its kind counts the same memory.
  std::optional<CgroupKind> kind;
  std::optional<CgroupKind> labelled_kind;  // what `labels` say

  std::optional<uint64_t> limit;     // nothing for none
  std::optional<uint64_t> headroom;  // to the nearest limit, its ancestors' and the node's included
  CgroupMemory memory;               // of what may be exported or has a limit
  uint64_t processes = 0;            // in it and below
  uint64_t members = 0;              // those of the process table
  const Group* group = nullptr;      // that of all of them, unless there are several
  std::optional<uint64_t> oldest_start_ticks;  // of them
  uint64_t cpu_ticks = 0;  // that they spent in it while the exporter ran, ended ones included

  CgroupName name;      // what the path says
  ContainerName names;  // what the node's files add
  uint64_t stamp = 0;   // changes with `names`, and is never that of another cgroup

  SelectionState selection;
  Tracked tracked;
  std::string labels;           // rendered, from what is above
  uint64_t labelled_stamp = 0;  // from these names
  std::string labelled_group;

  // Called once for each process that is in it, with what it spent since the last pass;
  // `member_group` is nullptr while it has none. `counts`: nobody else tells how many there are.
  void NoteMember(const Group* member_group, uint64_t start_ticks, uint64_t cpu_ticks_spent,
                  bool counts = false);
  void ForgetMembers();
  // Whether it is exported if there is room.
  bool MayBeShown() const { return kind && memory.usage; }
};

// The nearest cgroup that both are in.
const Cgroup* CommonAncestor(const Cgroup* a, const Cgroup* b);

class CgroupTable {
 public:
  // Bounds for hierarchies that a process of a container may fill at will.
  static constexpr size_t kMaxCgroups = 20'000;
  static constexpr int kMaxDepth = 32;

  struct Counts {
    uint64_t exported = 0;
    uint64_t cut = 0;        // would be exported but for the limit
    uint64_t malformed = 0;  // a file of theirs could not be understood
    uint64_t skipped = 0;    // not looked at: too many, or too deep
  };

  // `sysfs` and `rootfs` are where the host's /sys and / are mounted. `pids_are_ours` is false
  // where the process table's pids are of another pid namespace than ours: then the hierarchy's
  // lists, which are of ours, do not tell where they are. `node_name` as in LookUpContainers.
  CgroupTable(const std::string& sysfs, const std::string& rootfs, size_t export_limit,
              bool pids_are_ours = true, std::string_view node_name = {});

  // What a process source has to tell of a process so that WithId finds its cgroup; kNone where it
  // cannot: no hierarchy, or a copy of one.
  Needs::CgroupIds ids();

  // Looks at the hierarchy. `node_headroom` bounds everyone's; `uptime_ticks` is the time, in the
  // ticks of process start times. `ids_are_told`: the source will tell of all processes where they
  // are, so that the hierarchy's lists, which are dear, need not be read.
  void BeginPass(double now, uint64_t uptime_ticks, std::optional<uint64_t> node_headroom,
                 bool ids_are_told = false);

  // Where the process was when this pass began; nullptr when that is not known, as for one that
  // started later. Fastest when asked in ascending order of pid.
  Cgroup* Of(int32_t pid, uint64_t start_ticks);
  // The one that the kernel calls so; nullptr when it came after this pass began, or when ids were
  // not to be told.
  Cgroup* WithId(uint64_t id);
  bool ids_are_told() const { return ids_are_told_; }
  // Whether Of can know anything. It cannot where no hierarchy is mounted or its pids are not ours.
  // Then At helps: the cgroup of the path that the process itself is said to be in (cgroups(7),
  // "/proc/PID/cgroup"), and where that is not found, as from inside a private cgroup namespace,
  // one that has names and no numbers.
  bool lists_processes() const { return mounted_ && pids_are_ours_; }
  Cgroup* At(std::string_view path);

  // The one of this path, as the hierarchy calls it; nullptr when there is none in this pass.
  const Cgroup* Named(std::string_view path) const { return InHierarchy(path); }

  // Ends the pass after NoteMember was called for all processes.
  void EndPass();

  // All of the last pass, parents before their children.
  const std::vector<Cgroup*>& cgroups() const { return walked_; }
  // In the order of their paths.
  const std::vector<const Cgroup*>& exported() const { return exported_; }
  const Counts& counts() const { return counts_; }
  size_t suspects_cut() const { return selection_.suspects_cut(); }
  uint64_t denied() const { return fs_.denied(); }
  uint64_t denied_container_names() const { return container_names_.denied(); }
  int slow_reads_stuck() const { return container_names_.stuck(); }
  // Waits for names that were asked for.
  void WaitForNames(double patience_seconds) { container_names_.WaitIdle(patience_seconds); }

 private:
  // What the ancestors of a cgroup are exported as.
  struct Within {
    bool unit = false;
    bool pod = false;
    bool slice = false;
  };
  struct Visiting {
    Cgroup* cgroup;
    Within within;
  };
  struct Member {
    int32_t pid;
    Cgroup* cgroup;
  };
  struct Known {
    uint64_t id;
    Cgroup* cgroup;
  };

  std::unique_ptr<Cgroup> Make(std::string path, Cgroup* parent);
  void Walk();
  void Visit(Cgroup& cgroup, const Within& within);
  void Forget(Cgroup& cgroup, ReadStatus status);
  void TakeMembers(Cgroup& cgroup, const CgroupDir& directory);
  void AskNames(Cgroup& cgroup);
  void UpdateChildren(Cgroup& cgroup, const CgroupDir& directory);
  static Within Below(const Cgroup& cgroup, Within within);
  static std::optional<CgroupKind> KindOf(const Cgroup& cgroup, const Within& within);
  void ReadMemory(Cgroup& cgroup, const CgroupDir& directory);
  void BuryChild(Cgroup& cgroup, size_t index);
  void MarkGone(Cgroup& cgroup);
  void SettleThreads();
  void TellParents();
  void ShareHeadroom();
  std::optional<uint64_t> HeadroomOfStandIns() const;
  Cgroup* InHierarchy(std::string_view path) const;
  void Choose();
  bool IsShown(const Cgroup& cgroup) const;

  CgroupFs fs_;
  ContainerNames container_names_;
  const bool pids_are_ours_;
  bool mounted_ = false;
  std::unique_ptr<Cgroup> root_;
  std::map<std::string, std::unique_ptr<Cgroup>, std::less<>> stand_ins_;  // see At
  std::vector<std::unique_ptr<Cgroup>> buried_;  // until no process can point to them

  double now_ = 0;
  uint64_t looked_at_ticks_ = 0;
  std::optional<uint64_t> node_headroom_;
  uint64_t stamps_ = 0;
  size_t known_ = 0;  // cgroups below the root
  NameList names_;    // of the children of one
  std::vector<Visiting> to_visit_;
  std::vector<Cgroup*> walked_;  // all of this pass, parents before their children
  std::vector<int32_t> pids_;
  std::vector<Member> members_;  // by pid
  size_t cursor_ = 0;            // in members_, of the last Of
  bool ids_are_told_ = false;
  std::vector<Known> ids_;        // by id
  Known last_found_{0, nullptr};  // neighbours are mostly of one

  Selection selection_;
  std::vector<const Cgroup*> exported_;
  Counts counts_;
};

}  // namespace memleak
