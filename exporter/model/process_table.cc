#include "exporter/model/process_table.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>

#include "exporter/host/process/process_identity.h"
#include "exporter/model/cgroup_labels.h"
#include "exporter/model/label_text.h"

namespace memleak {

struct ProcessTable::NameResult {
  Process* process;  // may live another life by now: compare
  uint64_t life;
  bool found;  // false when the process was gone before it could be read
  bool exe_denied;
  bool cmdline_denied;
  ProcessNames names;
  std::string cgroup;  // path; empty where the cgroup table knows it, or it is unknown
};

// Where the helper threads leave what they read. Outlives the table if one of them is stuck.
struct ProcessTable::NameInbox {
  std::mutex mutex;
  std::vector<NameResult> results;
};

namespace {

struct NameQuestion {
  int32_t pid;
  uint64_t start_ticks;
  std::optional<uint32_t> uid;
  Comm comm;
};

// Whether names that may decide about the group are still being looked for.
bool AwaitsContainer(const Process& process) {
  return process.cgroup != nullptr && !process.names.by_rule &&
         !process.cgroup->name.pod_uid.empty() && process.cgroup->names.container.empty();
}

std::string_view RuntimeLabel(std::string_view interpreter, Executable executable) {
  if (!interpreter.empty()) return interpreter;
  switch (executable) {
    case Executable::kGo:
      return "go";
    case Executable::kOther:
      return "native";
    case Executable::kUnknown:
      break;
  }
  return "";
}

}  // namespace

ProcessTable::ProcessTable(const Settings& settings, GroupTable& groups, CgroupTable& cgroups,
                           SlowReads& slow_reads, int proc_root,
                           std::shared_ptr<const GroupRules> rules, std::shared_ptr<Users> users,
                           const PassTime& start)
    : settings_(settings),
      groups_(groups),
      cgroups_(cgroups),
      slow_reads_(slow_reads),
      rules_(std::move(rules)),
      users_(std::move(users)),
      inbox_(std::make_shared<NameInbox>()),
      born_since_ticks_(static_cast<uint64_t>(start.uptime * start.tick_rate)),
      selection_(settings.limit) {
  UniqueFd root(fcntl(proc_root, F_DUPFD_CLOEXEC, 0));
  if (!root) throw std::system_error(errno, std::generic_category(), "cannot keep proc open");
  proc_root_ = std::make_shared<const UniqueFd>(std::move(root));
}

ProcessTable::~ProcessTable() = default;

void ProcessTable::RequestNames(Process& process) {
  const NameQuestion question{process.sample.pid, process.sample.start_ticks, process.sample.uid,
                              process.sample.comm};
  // Nor is it told of one that the source had to look for elsewhere.
  const bool with_cgroup =
      !cgroups_.lists_processes() || (cgroups_.ids_are_told() && process.sample.cgroup_id == 0);
  auto job = [question, with_cgroup, to = &process, life = process.life, root = proc_root_,
              rules = rules_, users = users_, inbox = inbox_] {
    const ProcessIdentity identity =
        ReadProcessIdentity(root->get(), question.pid, question.start_ticks, with_cgroup);
    NameResult result{};
    result.process = to;
    result.life = life;
    result.found =
        identity.exe_status != ReadStatus::kGone || identity.cmdline_status != ReadStatus::kGone;
    result.exe_denied = identity.exe_status == ReadStatus::kDenied;
    result.cmdline_denied = identity.cmdline_status == ReadStatus::kDenied;
    // The command line ends here: it may hold secrets, only the names taken from it go on.
    const NamedGroup named = NameGroup(
        {identity.exe, identity.cmdline, identity.cmdline_truncated, question.comm.view()}, *rules);
    result.names.exe = identity.exe;
    if (question.uid) result.names.user = users->Name(*question.uid);
    result.names.runtime = RuntimeLabel(named.runtime, identity.executable);
    result.names.program = named.group;
    result.names.by_rule = named.by_rule;
    result.cgroup = identity.cgroup;
    const std::lock_guard lock(inbox->mutex);
    inbox->results.push_back(std::move(result));
  };
  if (slow_reads_.Submit(std::move(job))) process.name_state = Process::NameState::kRequested;
}

void ProcessTable::TakeNames() {
  {
    const std::lock_guard lock(inbox_->mutex);
    taken_.swap(inbox_->results);
  }
  for (NameResult& result : taken_) {
    if (result.exe_denied) ++denied_exe_;
    if (result.cmdline_denied) ++denied_cmdline_;
    Process& process = *result.process;
    if (process.life != result.life || !result.found) continue;
    process.names = std::move(result.names);
    process.name_state = Process::NameState::kRead;
    process.labels.clear();
    if (process.cgroup == nullptr && !result.cgroup.empty()) {
      process.cgroup = cgroups_.At(result.cgroup);
    }
    if (!AwaitsContainer(process)) Join(process);
  }
  taken_.clear();
}

void ProcessTable::Join(Process& process) {
  static const ContainerName kNoNames;
  ProcessNames& names = process.names;
  const ContainerName& container =
      process.cgroup != nullptr && !names.by_rule ? process.cgroup->names : kNoNames;
  if (process.sample.kernel_thread) {
    process.group = &groups_.Find(kKernelGroup);
  } else if (!container.workload.empty() && !container.container.empty()) {
    names.group = container.name_space + '/' + container.workload + '/' + container.container;
    process.group = &groups_.Find(names.group, container.name_space, container.container);
  } else {
    if (names.program.empty()) names.program = GroupNameFrom(process.sample.comm.view());
    names.group = names.program;
    process.group = &groups_.Find(names.group);
  }
  process.group->last_member = now_.monotonic;
  CountInGroup(process);
}

void ProcessTable::Locate(Process& process) {
  const ProcessSample& sample = process.sample;
  // What ended is in no list of the kernel's either, wherever its remains are.
  const bool ended = sample.state == 'Z' || sample.state == 'X';
  Cgroup* const found = !cgroups_.ids_are_told() ? cgroups_.Of(sample.pid, sample.start_ticks)
                        : ended                  ? nullptr
                                                 : cgroups_.WithId(sample.cgroup_id);
  // Of one that had to be looked for in /proc nothing is told: it is where it was. Not counted
  // there for a pass, it would leave its cgroup empty, and the cgroup's trend would end.
  const bool stays = cgroups_.ids_are_told() && !ended && sample.cgroup_id == 0 &&
                     process.cgroup != nullptr && !process.cgroup->gone;
  process.located = found != nullptr || stays;
  if (found != nullptr) {
    process.cgroup = found;
  } else if (process.cgroup != nullptr && process.cgroup->gone) {
    process.cgroup = nullptr;
  }
  const uint64_t stamp = process.cgroup != nullptr ? process.cgroup->stamp : 0;
  if (stamp == process.cgroup_stamp) return;
  process.cgroup_stamp = stamp;
  process.labels.clear();
  if (process.group != nullptr && process.group != &groups_.overflow()) Join(process);
}

// Adds to the group's counters what the process used since they last heard of it.
void ProcessTable::CountInGroup(Process& process) {
  const ProcessSample& sample = process.sample;
  if (sample.cpu_ticks > process.counted_cpu_ticks) {
    process.group->cpu_ticks += sample.cpu_ticks - process.counted_cpu_ticks;
    process.counted_cpu_ticks = sample.cpu_ticks;
  }
  if (sample.major_faults > process.counted_major_faults) {
    process.group->major_faults += sample.major_faults - process.counted_major_faults;
    process.counted_major_faults = sample.major_faults;
  }
}

void ProcessTable::BeginPass(const PassTime& now) {
  now_ = now;
  TakeNames();
  groups_.BeginPass();
  next_.clear();
  cursor_ = 0;
  counts_ = PassCounts{};
  while (!dead_.empty() && now_.monotonic - dead_.front().died >= kDeadSeconds) dead_.pop_front();
}

void ProcessTable::BeginLife(Process& process) {
  process.life = ++lives_;
  process.life_began = now_.monotonic;
  process.born = now_.uptime;
  process.tracked = Tracked{};
  process.evidence.reset();
  process.name_state = Process::NameState::kUnread;
  process.names = ProcessNames{};
  process.cgroup = nullptr;
  process.cgroup_stamp = 0;
  process.group = nullptr;
  process.selection = SelectionState{};
  process.max_fds.reset();
  process.max_fds_read = Process::kNeverRead;
  process.labels.clear();
}

void ProcessTable::AddNewcomer(const ProcessSample& sample) {
  if (free_.empty()) {
    free_.push_back(&slots_.emplace_back());
  }
  Process& process = *free_.back();
  free_.pop_back();
  process.sample = sample;
  BeginLife(process);
  process.born = static_cast<double>(sample.start_ticks) / now_.tick_rate;
  // What an older process used before we came is not ours to count.
  const bool younger_than_us = sample.start_ticks >= born_since_ticks_;
  process.counted_cpu_ticks = younger_than_us ? 0 : sample.cpu_ticks;
  process.counted_major_faults = younger_than_us ? 0 : sample.major_faults;
  if (younger_than_us) process.sample.cpu_ticks = 0;
  Update(process, sample);
}

void ProcessTable::OnProcess(const ProcessSample& sample) {
  BuryUntil(sample.pid);
  if (cursor_ < order_.size() && order_[cursor_]->sample.pid == sample.pid) {
    Process& process = *order_[cursor_++];
    if (process.sample.start_ticks == sample.start_ticks) {
      Update(process, sample);
      return;
    }
    Bury(process);
  }
  AddNewcomer(sample);
}

void ProcessTable::OnUnreadable(int32_t pid, ReadStatus status) {
  BuryUntil(pid);
  Process* known = nullptr;
  if (cursor_ < order_.size() && order_[cursor_]->sample.pid == pid) known = order_[cursor_++];
  if (status == ReadStatus::kGone) {
    ++counts_.gone;
    if (known != nullptr) Bury(*known);
    return;
  }
  ++(status == ReadStatus::kDenied ? counts_.denied : counts_.malformed);
  if (known == nullptr) return;
  // It is still there. Were it buried, it would come back as a newcomer and be counted twice.
  known->readable = false;
  known->cpu_ticks_spent = 0;
  Locate(*known);
  next_.push_back(known);
}

void ProcessTable::Update(Process& process, const ProcessSample& sample) {
  const bool comm_changed = !(process.sample.comm == sample.comm);
  const bool arguments_hidden = process.sample.arg_start == 0 || sample.arg_start == 0;
  const bool exec =
      !sample.kernel_thread && (arguments_hidden ? comm_changed && sample.state != 'Z'
                                                 : process.sample.arg_start != sample.arg_start);
  if (exec) BeginLife(process);
  if (comm_changed) process.labels.clear();
  // A server that drops its privileges belongs to another user from then on.
  const bool user_changed = sample.uid && process.sample.uid && sample.uid != process.sample.uid;
  if (user_changed) process.name_state = Process::NameState::kUnread;

  // One source may round otherwise than the one that told of it before. A counter that falls would
  // be taken for a restart.
  const uint64_t ticks_before = process.sample.cpu_ticks;
  const uint64_t faults_before = process.sample.major_faults;
  process.sample = sample;
  process.sample.cpu_ticks = std::max(ticks_before, sample.cpu_ticks);
  process.sample.major_faults = std::max(faults_before, sample.major_faults);
  process.cpu_ticks_spent = process.sample.cpu_ticks - ticks_before;
  process.readable = true;
  next_.push_back(&process);

  Locate(process);
  if (!sample.kernel_thread && process.name_state == Process::NameState::kUnread) {
    RequestNames(process);
  }
  const bool waiting = process.name_state != Process::NameState::kRead || AwaitsContainer(process);
  if (process.group == nullptr && (sample.kernel_thread || !waiting ||
                                   now_.monotonic - process.life_began >= kNamePatienceSeconds)) {
    Join(process);
  }
  // The members of a forgotten group come back by growing.
  if (process.group == &groups_.overflow() &&
      sample.memory.Get(MemoryField::kResident).value_or(0) >= settings_.min_rss_bytes) {
    Join(process);
  }
  if (process.group == nullptr) {
    ++counts_.pending;
    return;
  }
  ++counts_.grouped;
  CountInGroup(process);
  groups_.Add(*process.group, sample, process.cgroup, now_.monotonic);
}

void ProcessTable::BuryUntil(int32_t pid) {
  while (cursor_ < order_.size() && order_[cursor_]->sample.pid < pid) Bury(*order_[cursor_++]);
}

void ProcessTable::Bury(Process& process) {
  if (dead_.size() == kMaxDead) dead_.pop_front();
  dead_.push_back({process.sample.pid, process.sample.start_ticks, process.sample.comm,
                   process.group != nullptr ? process.group->name : std::string(),
                   process.cgroup != nullptr ? process.cgroup->path : std::string(),
                   process.cgroup != nullptr ? process.cgroup->names : ContainerName(),
                   process.sample.memory, process.tracked.standing, now_.monotonic});
  process.life = 0;  // a name that arrives for it finds nobody
  process.cgroup = nullptr;
  process.group = nullptr;
  process.selection = SelectionState{};
  process.tracked = Tracked{};
  process.evidence.reset();
  free_.push_back(&process);
}

void ProcessTable::EndPass() {
  while (cursor_ < order_.size()) Bury(*order_[cursor_++]);
  order_.swap(next_);
  groups_.EndPass(now_.monotonic, [&] {
    for (Process* process : order_) {
      if (process->group != nullptr && process->group->evicted) {
        process->group = &groups_.overflow();
      }
    }
  });
}

const Process* ProcessTable::Find(int32_t pid) const {
  const auto found = std::lower_bound(
      order_.begin(), order_.end(), pid,
      [](const Process* process, int32_t wanted) { return process->sample.pid < wanted; });
  return found != order_.end() && (*found)->sample.pid == pid ? *found : nullptr;
}

void ProcessTable::ReadLimits(ProcessSource& source) {
  for (Process* process : chosen_) ReadLimit(*process, source);
  // Where there are more than fit into a pass, each has its turn.
  int read = 0;
  for (size_t i = 0; i < order_.size() && read < kOtherLimitsPerPass; ++i) {
    limits_cursor_ = (limits_cursor_ + 1) % order_.size();
    Process& process = *order_[limits_cursor_];
    const bool many = process.readable && process.sample.open_fds.value_or(0) >= kManyFds;
    if (many && ReadLimit(process, source)) ++read;
  }
}

bool ProcessTable::ReadLimit(Process& process, ProcessSource& source) const {
  if (now_.monotonic - process.max_fds_read < kMaxFdsPeriodSeconds) return false;
  process.max_fds = source.ReadMaxFds(process.sample.pid, process.sample.start_ticks);
  process.max_fds_read = now_.monotonic;
  return true;
}

void ProcessTable::Choose() {
  groups_.Choose(now_.monotonic);
  selection_.Begin();
  for (Process* process : order_) {
    const auto resident = process->sample.memory.Get(MemoryField::kResident);
    if (!resident || process->group == nullptr) {
      process->selection = SelectionState{};
      continue;
    }
    if (process->tracked.standing.suspect) {
      selection_.OfferSuspect(process->selection, *resident,
                              process->tracked.standing.ExhaustsIn());
      continue;
    }
    const bool allowed =
        process->readable && now_.Age(process->sample.start_ticks) >= settings_.min_age_seconds;
    selection_.Offer(process->selection, *resident, settings_.min_rss_bytes, allowed,
                     now_.monotonic);
  }
  selection_.Decide(now_.monotonic);

  chosen_.clear();
  exported_.clear();
  for (Process* process : order_) {
    if (!process->selection.chosen || !process->readable) continue;
    if (process->labels.empty()) Render(*process);
    chosen_.push_back(process);
    exported_.push_back(process);
  }
  counts_.exported = exported_.size();
  counts_.grouped -= exported_.size();
}

void ProcessTable::Render(Process& process) {
  static const Cgroup kUnknown;
  const ProcessNames& names = process.names;
  const Cgroup& cgroup = process.cgroup != nullptr ? *process.cgroup : kUnknown;

  std::string& labels = process.labels;
  labels.clear();
  AppendLabel(labels, "pid", std::to_string(process.sample.pid));
  AppendLabel(labels, "comm", process.sample.comm.view());
  AppendLabel(labels, "group", names.group);
  AppendKnownLabel(labels, "namespace", cgroup.names.name_space);
  AppendKnownLabel(labels, "pod", cgroup.names.pod);
  AppendKnownLabel(labels, "container", cgroup.names.container);

  std::string& info = process.info_labels;
  info = labels;
  AppendKnownLabel(info, "exe", names.exe);
  AppendKnownLabel(info, "user", names.user);
  AppendKnownLabel(info, "unit", cgroup.name.unit);
  if (process.cgroup != nullptr) AppendLabel(info, "cgroup", CgroupLabel(cgroup.path));
  AppendKnownLabel(info, "container_id", cgroup.name.container_id);
  AppendKnownLabel(info, "runtime", names.runtime);
}

}  // namespace memleak
