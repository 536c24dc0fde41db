#include "exporter/model/host_model.h"

#include <utility>

#include "exporter/host/procfs_source.h"
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

}  // namespace

HostModel::HostModel(const Options& options, const Needs& needs)
    : needs_(needs),
      procfs_(options.path.procfs),
      clock_(procfs_),
      node_reader_(procfs_.fd(), options.path.sysfs),
      source_(std::make_unique<ProcfsSource>(procfs_)),
      groups_(static_cast<size_t>(options.group.limit)),
      processes_(TableSettings(options), groups_, slow_reads_, procfs_.fd(),
                 CompileRules(options.group.rules),
                 std::make_shared<Users>(options.path.rootfs + "/etc/passwd"), clock_.Now()) {}

void HostModel::FirstLook(std::chrono::milliseconds patience) {
  snapshot_.time = clock_.Now();
  if (needs_.processes && PassOverProcesses()) slow_reads_.WaitIdle(patience);
}

const Snapshot& HostModel::Refresh() {
  snapshot_.time = clock_.Now();
  node_reader_.Read(needs_.node, snapshot_.time.monotonic, snapshot_.node);
  if (needs_.processes) {
    snapshot_.processes_listed = PassOverProcesses();
    if (snapshot_.processes_listed) ShowProcesses();
  }
  return snapshot_;
}

bool HostModel::PassOverProcesses() {
  processes_.BeginPass(snapshot_.time);
  // A pass that could not look must not bury everybody: it is left unfinished.
  if (!source_->Read(needs_, processes_)) return false;
  processes_.EndPass();
  return true;
}

void HostModel::ShowProcesses() {
  processes_.Choose();
  if (needs_.limits) processes_.ReadLimits(*source_);

  snapshot_.processes = &processes_.processes();
  snapshot_.exported = &processes_.exported();
  snapshot_.groups = &groups_.exported();
  snapshot_.other_groups = &groups_.other();
  snapshot_.counts = processes_.counts();
  snapshot_.denied = source_->denied();
  snapshot_.denied[static_cast<size_t>(DeniedField::kExe)] += processes_.denied_exe();
  snapshot_.denied[static_cast<size_t>(DeniedField::kCmdline)] += processes_.denied_cmdline();
  snapshot_.denied[static_cast<size_t>(DeniedField::kSlabinfo)] += snapshot_.node.denied_slabinfo;
  snapshot_.truncated_fd_counts = source_->truncated_fd_counts();
  snapshot_.slow_reads_stuck = slow_reads_.stuck();
}

}  // namespace memleak
