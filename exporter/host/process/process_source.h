// Where process rows come from: /proc (procfs_source.h) or the kernel's task iterator
// (bpf/bpf_source.h), whichever was chosen (chosen_source.h). What is behind this interface does
// not know which one serves.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/host/node/node_reader.h"
#include "exporter/host/process/process_sample.h"
#include "exporter/host/read_status.h"

namespace memleak {

// What the enabled collectors need from a pass. What nobody needs is not read.
struct Needs {
  bool processes = false;  // the pass over all processes: identity, names, CPU, threads
  bool memory = false;     // status: memory, user
  bool fds = false;        // descriptor counts
  bool limits = false;     // soft limits of what is exported one by one
  bool cgroups = false;    // the memory cgroups, and which processes they hold
  // Which cgroup a sample names, where the source can (tells_cgroups).
  enum class CgroupIds : uint8_t { kNone, kVersion1, kVersion2 };
  CgroupIds cgroup_ids = CgroupIds::kNone;
  bool kernel_log = false;  // OOM kills
  // The costly reads, of suspects and of what was named for it (model/evidence).
  bool fd_kinds = false;
  bool mappings = false;
  bool jvm = false;
  NodeNeeds node = {};

  constexpr Needs operator|(const Needs& other) const {
    return {processes || other.processes,
            memory || other.memory,
            fds || other.fds,
            limits || other.limits,
            cgroups || other.cgroups,
            cgroup_ids,
            kernel_log || other.kernel_log,
            fd_kinds || other.fd_kinds,
            mappings || other.mappings,
            jvm || other.jvm,
            node | other.node};
  }
};

// What can be denied, the label values of memleak_scrape_reads_denied_total.
enum class DeniedField : uint8_t {
  kStat,
  kStatus,
  kFds,
  kLimits,
  kCmdline,
  kExe,
  kCgroup,
  kSlabinfo,
  kKernelLog,
  kContainerNames,  // the state files of Docker, Podman and CRI-O
};
inline constexpr std::array<std::string_view, 10> kDeniedFieldNames = {
    "stat", "status", "fds",      "limits",     "cmdline",
    "exe",  "cgroup", "slabinfo", "kernel_log", "container_names"};
using DeniedCounts = std::array<uint64_t, kDeniedFieldNames.size()>;

// Receives a pass, in ascending order of pid. `sample` is valid during the call only.
class ProcessSink {
 public:
  virtual ~ProcessSink() = default;
  virtual void OnProcess(const ProcessSample& sample) = 0;
  // A process that is there, but of which nothing could be read this time (kDenied, kMalformed), or
  // that ended in the middle (kGone).
  virtual void OnUnreadable(int32_t pid, ReadStatus status) = 0;
};

class ProcessSource {
 public:
  virtual ~ProcessSource() = default;

  virtual std::string_view name() const = 0;

  // One pass over all processes. False when they could not be listed; then nothing was said of any.
  virtual bool Read(const Needs& needs, ProcessSink& sink) = 0;
  // Whether it can say which cgroup a process is in.
  virtual bool tells_cgroups() const { return false; }
  // Why the last pass failed, in a few words; empty where there is nothing to say.
  virtual std::string error() const { return {}; }

  // The soft limit of open files of one identity; nothing when it ended or denies.
  virtual std::optional<uint64_t> ReadMaxFds(int32_t pid, uint64_t start_ticks) = 0;

  // Reads that were denied and counts that were cut, since the start.
  virtual const DeniedCounts& denied() const = 0;
  virtual uint64_t truncated_fd_counts() const = 0;
};

}  // namespace memleak
