#include "exporter/model/oom_kills.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>

#include "exporter/model/cgroup_path.h"
#include "exporter/model/group_name.h"
#include "exporter/model/label_text.h"

namespace memleak {
namespace {

const ContainerName& NoNames() {
  static const ContainerName kNoNames;
  return kNoNames;
}

// A process of the table, alive or dead.
struct Seen {
  std::string_view group;   // empty when it had none yet
  std::string_view cgroup;  // its path; empty when unknown, and of the root
  const ContainerName* container = &NoNames();
  const MemoryBytes* memory = nullptr;
  const Standing* standing = nullptr;
};

Seen SeenOf(const DeadProcess& dead) {
  return {dead.group, dead.cgroup, &dead.container, &dead.memory, &dead.standing};
}

Seen SeenOf(const Process& process) {
  Seen seen;
  if (process.group != nullptr) seen.group = process.group->name;
  if (process.cgroup != nullptr) {
    seen.cgroup = process.cgroup->path;
    seen.container = &process.cgroup->names;
  }
  seen.memory = &process.sample.memory;
  seen.standing = &process.tracked.standing;
  return seen;
}

template <typename Visit>
void ForEachSeen(const ProcessTable& processes, Visit&& visit) {
  for (const Process* process : processes.processes()) {
    visit(process->sample.comm, SeenOf(*process));
  }
  for (const DeadProcess& dead : processes.recently_dead()) visit(dead.comm, SeenOf(dead));
}

// The log's paths start at the root of the kernel's hierarchy. Ours do where its first process is
// somewhere in our tree: from inside a private cgroup namespace (cgroup_namespaces(7)) it is not,
// or its path starts with "/..".
bool PathsAreTheKernels(bool pids_match, const ProcessTable& processes) {
  if (!pids_match) return false;
  const Process* init = processes.Find(1);
  return init != nullptr && init->cgroup != nullptr && !init->cgroup->path.starts_with("/..");
}

// The victim's cgroup. Where its path means nothing here, the id of the container in it still does.
class Place {
 public:
  Place(std::string_view path, bool paths_match)
      : path_(path.starts_with('/') && path.size() > 1 ? path : std::string_view()),
        paths_match_(paths_match) {
    if (!known()) return;
    name_ = ParseCgroupPath(path_);
    // Whoever has a systemd of his own gives his cgroups any id he likes, a stranger's, too.
    if (name_.unit.starts_with("user@")) name_.container_id.clear();
  }

  // False of the root, too: everything may be there.
  bool known() const { return !path_.empty(); }

  // Whether a process of this cgroup was where the victim was.
  bool IsThatOf(std::string_view cgroup) const {
    if (!known()) return false;
    if (paths_match_) return cgroup == path_;
    return !name_.container_id.empty() &&
           cgroup.find(name_.container_id) != std::string_view::npos &&
           ParseCgroupPath(cgroup).container_id == name_.container_id;
  }

  // The names of its container, or where that went with its last process, of its pod.
  ContainerName Names(const CgroupTable& cgroups) const {
    if (!paths_match_) return NamesById(cgroups);
    for (std::string_view path = path_; !path.empty(); path = path.substr(0, path.rfind('/'))) {
      const Cgroup* cgroup = cgroups.Named(path);
      if (cgroup == nullptr || cgroup->names == NoNames()) continue;
      const bool same_container =
          cgroup->name.container_id.empty() || cgroup->name.container_id == name_.container_id;
      if (same_container && cgroup->name.pod_uid == name_.pod_uid) return cgroup->names;
      break;
    }
    return NoNames();
  }

 private:
  ContainerName NamesById(const CgroupTable& cgroups) const {
    if (name_.container_id.empty()) return NoNames();
    for (const Cgroup* cgroup : cgroups.cgroups()) {
      if (cgroup->name.container_id == name_.container_id && !(cgroup->names == NoNames())) {
        return cgroup->names;
      }
    }
    return NoNames();
  }

  std::string_view path_;  // empty when unknown, and of the root
  bool paths_match_;
  CgroupName name_;
};

// Of all that had its pid, the one that started last before it was killed.
std::optional<Seen> FindByPid(const OomReport& report, std::optional<double> time,
                              const PassTime& now, const ProcessTable& processes) {
  const auto is_it = [&](uint64_t start_ticks, const Comm& comm) {
    return comm == report.comm && (!time || now.StartTime(start_ticks) <= *time);
  };
  const Process* living = processes.Find(report.pid);
  if (living != nullptr && is_it(living->sample.start_ticks, living->sample.comm)) {
    return SeenOf(*living);
  }
  const auto& dead = processes.recently_dead();
  const auto found = std::find_if(dead.rbegin(), dead.rend(), [&](const DeadProcess& process) {
    return process.pid == report.pid && is_it(process.start_ticks, process.comm);
  });
  if (found == dead.rend()) return std::nullopt;
  return SeenOf(*found);
}

// The one that ended since the last pass in that place under that name, if only one did.
std::optional<Seen> FindByPlace(const OomReport& report, const Place& place, const PassTime& now,
                                const ProcessTable& processes) {
  std::optional<Seen> found;
  const auto& dead = processes.recently_dead();
  for (auto it = dead.rbegin(); it != dead.rend() && it->died >= now.monotonic; ++it) {
    if (!(it->comm == report.comm) || !place.IsThatOf(it->cgroup)) continue;
    if (found) return std::nullopt;
    found = SeenOf(*it);
  }
  return found;
}

// What the others in its cgroup tell of one that was never seen.
struct Company {
  std::string_view group;  // that of all of its name, or without any such, of all; else empty
  const ContainerName* container = &NoNames();
};

Company CompanyOf(const OomReport& report, const Place& place, const ProcessTable& processes) {
  struct OneGroup {
    std::string_view name;
    bool several = false;
    void Add(std::string_view group) {
      if (group.empty()) return;
      several = several || (!name.empty() && name != group);
      name = group;
    }
  };
  OneGroup of_its_name;
  OneGroup of_all;
  Company company;
  ForEachSeen(processes, [&](const Comm& comm, const Seen& seen) {
    if (!place.IsThatOf(seen.cgroup)) return;
    of_all.Add(seen.group);
    if (comm == report.comm) of_its_name.Add(seen.group);
    if (*company.container == NoNames()) company.container = seen.container;
  });
  const OneGroup& chosen = of_its_name.name.empty() ? of_all : of_its_name;
  if (!chosen.several) company.group = chosen.name;
  return company;
}

// The log's clock drifts from the others and stands still while the machine sleeps: between two
// reads of the log it is only believed within these. 0 is a log without a clock.
std::optional<double> TimeOf(const OomReport& report, bool before_start, double previous,
                             const PassTime& now) {
  const bool told = report.seconds > 0;
  if (before_start && !told) return std::nullopt;
  const double time = told ? now.boot_time + report.seconds : now.unix_time;
  const double earliest = before_start ? time : previous;
  return std::min(std::max(time, earliest), now.unix_time);
}

void TakeBaseline(const Seen& victim, OomKill& kill) {
  const double baseline = victim.standing->baseline_bytes;
  if (!std::isfinite(baseline)) return;
  kill.baseline_bytes = baseline;
  if (!kill.report.anon || baseline <= 0) return;
  // When it was seen last it may have been dead already, without memory: then this is the least.
  const uint64_t swap = victim.memory->Get(MemoryField::kSwap).value_or(0);
  kill.baseline_ratio = static_cast<double>(*kill.report.anon + swap) / baseline;
}

std::string Labels(std::string_view group, OomScope scope, const ContainerName& container) {
  std::string labels;
  AppendLabel(labels, "group", group);
  AppendLabel(labels, "scope", kOomScopeNames[static_cast<size_t>(scope)]);
  AppendKnownLabel(labels, "namespace", container.name_space);
  AppendKnownLabel(labels, "pod", container.pod);
  AppendKnownLabel(labels, "container", container.container);
  return labels;
}

}  // namespace

void OomKills::Add(const OomReport& report, bool before_start, bool pids_match, double previous,
                   const PassTime& now, const ProcessTable& processes, const CgroupTable& cgroups) {
  OomKill kill;
  kill.report = report;
  kill.before_start = before_start;
  kill.time = TimeOf(report, before_start, previous, now);

  const Place place(report.cgroup, PathsAreTheKernels(pids_match, processes));
  const std::optional<Seen> victim = pids_match ? FindByPid(report, kill.time, now, processes)
                                                : FindByPlace(report, place, now, processes);
  kill.tracked = victim.has_value();
  if (victim) {
    kill.group = victim->group;
    kill.container = *victim->container;
    TakeBaseline(*victim, kill);
  }
  // Of a flood of kills the kernel writes few with their cgroups.
  if (kill.group.empty() && place.known()) {
    const Company company = CompanyOf(report, place, processes);
    kill.group = company.group;
    if (kill.container == NoNames()) kill.container = *company.container;
  }
  if (kill.group.empty()) kill.group = GroupNameFrom(report.comm.view());
  if (kill.container == NoNames()) kill.container = place.Names(cgroups);

  Series& series = SeriesOf(kill);
  if (!before_start) ++series.kills;
  series.last_time = kill.time;
  series.last_anon = report.anon;
  series.last_baseline_ratio = kill.baseline_ratio;

  if (kills_.size() == kMaxKills) kills_.pop_front();
  kills_.push_back(std::move(kill));
}

OomKills::Series& OomKills::SeriesOf(const OomKill& kill) {
  const auto find = [&](const std::string& labels) {
    return std::find_if(series_.begin(), series_.end(),
                        [&](const Series& series) { return series.labels == labels; });
  };
  std::string labels = Labels(kill.group, kill.report.scope, kill.container);
  if (const auto found = find(labels); found != series_.end()) return *found;
  if (series_.size() >= kMaxSeries - std::size(kOomScopeNames)) {
    labels = Labels(kOtherGroup, kill.report.scope, NoNames());
    if (const auto found = find(labels); found != series_.end()) return *found;
  }
  series_.emplace_back();
  series_.back().labels = std::move(labels);
  return series_.back();
}

}  // namespace memleak
