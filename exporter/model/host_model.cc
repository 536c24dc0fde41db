#include "exporter/model/host_model.h"

#include <algorithm>
#include <utility>

#include "exporter/host/file_reader.h"
#include "exporter/model/group_name.h"

namespace memleak {
namespace {

std::shared_ptr<const GroupRules> CompileRules(const std::vector<GroupRule>& rules) {
  std::vector<GroupRules::Rule> compiled;
  compiled.reserve(rules.size());
  for (const GroupRule& rule : rules) compiled.push_back({rule.name, rule.regex});
  return std::make_shared<const GroupRules>(compiled);
}

ProcessTable::Settings TableSettings(const Options& options) {
  return {options.process.min_rss_bytes,
          std::chrono::duration<double>(options.process.min_age).count(),
          static_cast<size_t>(options.process.limit)};
}

// What is left before the node itself runs out.
std::optional<uint64_t> NodeHeadroom(const NodeSample& node) {
  if (!node.meminfo) return std::nullopt;
  const auto bytes = [&](MemInfoField field) {
    return (*node.meminfo)[static_cast<size_t>(field)];
  };
  const auto available = bytes(MemInfoField::kAvailable);
  const auto swap = bytes(MemInfoField::kSwapFree);
  if (!available || !swap) return std::nullopt;
  return *available + *swap;
}

double LeastSecondsOfRates(const Options& options) {
  return std::min(NodeRateMeter::kLeastSeconds,
                  std::chrono::duration<double>(options.trend.slot).count());
}

// As the kernel that serves the tree calls the node; empty where the tree does not say. One with a
// private UTS namespace (a container) is told its own name.
std::string NodeName(const ProcFs& procfs) {
  FileReader reader;
  std::string_view text;
  if (reader.Read(procfs.fd(), "sys/kernel/hostname", text) != ReadStatus::kOk) return {};
  return std::string(text.substr(0, text.find('\n')));
}

ChosenSource::Choice ChoiceOf(Options::Processes::Source source) {
  switch (source) {
    case Options::Processes::Source::kProcfs:
      return ChosenSource::Choice::kProcfs;
    case Options::Processes::Source::kBpf:
      return ChosenSource::Choice::kBpf;
    case Options::Processes::Source::kAuto:
      break;
  }
  return ChosenSource::Choice::kAuto;
}

EvidenceTable::Settings EvidenceSettings(const Options& options) {
  return {{options.evidence.groups.begin(), options.evidence.groups.end()},
          options.evidence.budget,
          std::chrono::duration<double>(options.trend.slot).count()};
}

}  // namespace

HostModel::HostModel(const Options& options, const Needs& needs)
    : needs_(needs),
      procfs_(options.path.procfs),
      clock_(procfs_),
      node_reader_(procfs_.fd(), options.path.sysfs),
      node_rates_(LeastSecondsOfRates(options)),
      source_(procfs_, ChoiceOf(options.process.source),
              TaskIteratorSource(options.process.min_rss_bytes)),
      groups_(static_cast<size_t>(options.group.limit)),
      cgroups_(options.path.sysfs, options.path.rootfs, static_cast<size_t>(options.cgroup.limit),
               procfs_.pids_are_ours(), options.node_name),
      processes_(TableSettings(options), groups_, cgroups_, slow_reads_, procfs_.fd(),
                 CompileRules(options.group.rules),
                 std::make_shared<Users>(options.path.rootfs + "/etc/passwd"), clock_.Now()),
      evidence_(EvidenceSettings(options), procfs_.fd()) {
  // A tree that is no proc file system is a copy of some other machine's.
  if (needs.kernel_log) kernel_log_.emplace(options.path.rootfs + "/dev/kmsg", procfs_.is_live());
  TellSource();
  snapshot_.node_name = options.node_name.empty() ? NodeName(procfs_) : options.node_name;
}

void HostModel::FirstLook(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  LookAtNode();
  if (needs_.processes && PassOverProcesses()) slow_reads_.WaitIdle(patience);
  if (needs_.cgroups) cgroups_.EndPass();
  const std::chrono::duration<double> left = deadline - std::chrono::steady_clock::now();
  cgroups_.WaitForNames(std::max(left.count(), 0.0));
}

Snapshot& HostModel::Look() {
  ++snapshot_.number;
  LookAtNode();
  if (needs_.processes) snapshot_.processes_listed = PassOverProcesses();
  snapshot_.processes = &processes_.processes();
  snapshot_.all_groups = &groups_.groups();
  if (needs_.cgroups) snapshot_.all_cgroups = &cgroups_.cgroups();
  // After the pass: whom the kernel killed before it is among the dead, whom it kills now among the
  // living.
  if (kernel_log_) ReadKernelLog();
  return snapshot_;
}

void HostModel::ReadKernelLog() {
  const std::optional<uint64_t> kills =
      snapshot_.node.vmstat ? snapshot_.node.vmstat->oom_kills : std::nullopt;
  const bool read = kernel_log_->Read(kills, [&](const KernelMessage& message) {
    if (const std::optional<OomReport> report = oom_reader_.Add(message)) {
      oom_kills_.Add(*report, !kernel_log_began_, procfs_.pids_are_the_kernels(), kernel_log_read_,
                     snapshot_.time, processes_, cgroups_);
    }
  });
  snapshot_.oom_kills = read ? &oom_kills_ : nullptr;
  snapshot_.kernel_messages_lost = kernel_log_->lost();
  if (!read) return;
  kernel_log_began_ = true;
  kernel_log_read_ = snapshot_.time.unix_time;
}

const Snapshot& HostModel::Choose() {
  if (snapshot_.processes_listed) ChooseProcesses();
  if (needs_.cgroups) ChooseCgroups();
  snapshot_.suspects_cut =
      processes_.suspects_cut() + groups_.suspects_cut() + cgroups_.suspects_cut();
  return snapshot_;
}

void HostModel::LookAtNode() {
  snapshot_.time = clock_.Now();
  node_reader_.Read(needs_.node, snapshot_.time.monotonic, snapshot_.node);
  node_rates_.Add(snapshot_.time.monotonic, snapshot_.node);
  snapshot_.node_rates = node_rates_.rates();
  snapshot_.node_headroom = NodeHeadroom(snapshot_.node);
  if (needs_.cgroups) {
    LookAtCgroups(needs_.processes && source_.tells_cgroups() && procfs_.pids_are_the_kernels() &&
                  cgroups_.ids() != Needs::CgroupIds::kNone);
  }
}

void HostModel::LookAtCgroups(bool ids_are_told) {
  const PassTime& now = snapshot_.time;
  cgroups_.BeginPass(now.monotonic, static_cast<uint64_t>(now.uptime * now.tick_rate),
                     snapshot_.node_headroom, ids_are_told);
  needs_.cgroup_ids = ids_are_told ? cgroups_.ids() : Needs::CgroupIds::kNone;
}

bool HostModel::PassOverProcesses() {
  processes_.BeginPass(snapshot_.time);
  // A pass that could not look must not bury everybody: it is left unfinished.
  const bool read = source_.Read(needs_, processes_);
  TellSource();
  // The source that would have told where all are failed in this very pass.
  if (cgroups_.ids_are_told() && !source_.tells_cgroups()) LookAtCgroups(false);
  if (!read) return false;
  processes_.EndPass();
  for (const Process* process : processes_.processes()) {
    if (process->cgroup == nullptr) continue;
    process->cgroup->NoteMember(process->group, process->sample.start_ticks,
                                process->cpu_ticks_spent,
                                cgroups_.ids_are_told() && process->located);
  }
  return true;
}

void HostModel::TellSource() {
  snapshot_.source = source_.name();
  snapshot_.source_reason = source_.reason();
  snapshot_.source_failures = source_.failures();
}

void HostModel::ChooseProcesses() {
  processes_.Choose();
  if (needs_.limits) processes_.ReadLimits(source_);
  evidence_.Update(needs_, processes_.chosen(), snapshot_.time);
  snapshot_.evidence_reads = evidence_.counts();

  snapshot_.exported = &processes_.exported();
  snapshot_.groups = &groups_.exported();
  snapshot_.other_groups = &groups_.other();
  snapshot_.counts = processes_.counts();
  snapshot_.denied = source_.denied();
  snapshot_.denied[static_cast<size_t>(DeniedField::kExe)] += processes_.denied_exe();
  snapshot_.denied[static_cast<size_t>(DeniedField::kCmdline)] += processes_.denied_cmdline();
  snapshot_.denied[static_cast<size_t>(DeniedField::kSlabinfo)] += snapshot_.node.denied_slabinfo;
  if (kernel_log_) {
    snapshot_.denied[static_cast<size_t>(DeniedField::kKernelLog)] = kernel_log_->denied();
  }
  snapshot_.truncated_fd_counts = source_.truncated_fd_counts();
  snapshot_.slow_reads_stuck =
      slow_reads_.stuck() + cgroups_.slow_reads_stuck() + evidence_.stuck();
}

void HostModel::ChooseCgroups() {
  // A process that was not seen in a pass that failed still points to its cgroup.
  if (needs_.processes && !snapshot_.processes_listed) return;
  cgroups_.EndPass();
  snapshot_.cgroups = &cgroups_.exported();
  snapshot_.cgroup_counts = cgroups_.counts();
  snapshot_.denied[static_cast<size_t>(DeniedField::kCgroup)] = cgroups_.denied();
  snapshot_.denied[static_cast<size_t>(DeniedField::kContainerNames)] =
      cgroups_.denied_container_names();
}

}  // namespace memleak
