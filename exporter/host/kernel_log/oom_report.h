// Makes OOM kills of what the kernel says about them, in several lines (mm/oom_kill.c and
// mm/memcontrol.c in the kernel's tree; the lines changed in 4.19 to 5.4).
//
// Pure: no I/O. Names of processes and cgroups hold any byte; what they imitate is not believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/host/kernel_log/kernel_message.h"
#include "exporter/host/process/process_sample.h"

namespace memleak {

enum class OomScope : uint8_t {
  kNode,    // the node, or a part of it (cpuset, memory policy), ran out
  kCgroup,  // a memory cgroup reached its limit
};
inline constexpr std::string_view kOomScopeNames[] = {"node", "cgroup"};

// What the kernel says of one kill. What it does not say is absent.
struct OomReport {
  double seconds = 0;  // since boot, by the log's clock; 0 where it has none
  OomScope scope = OomScope::kNode;
  int32_t pid = 0;  // in the kernel's first pid namespace
  Comm comm;
  std::optional<uint32_t> uid;
  // At death, in bytes.
  std::optional<uint64_t> virtual_memory;
  std::optional<uint64_t> anon;
  std::optional<uint64_t> file;
  std::optional<uint64_t> shmem;
  // The victim's memory cgroup, or the one above it whose processes were killed together
  // (memory.oom.group); empty when not said.
  std::string cgroup;
  std::string limit_cgroup;  // the one that reached its limit; empty when not said
};

// Keeps what the lines before a kill said. A few KiB at most; one thread.
class OomReader {
 public:
  // Takes the next message of the log; returns a kill when this is its last line. A kill is told by
  // that line alone, the others only add to it.
  std::optional<OomReport> Add(const KernelMessage& message);

 private:
  enum class Context : uint8_t { kNone, kOomKill, kTaskIn, kTasksIn };

  struct Chosen {
    OomScope scope = OomScope::kNode;
    int32_t pid = 0;
    std::string comm;
  };
  // The last kill, whose whole cgroup may follow.
  struct Last {
    double seconds = 0;
    OomScope scope = OomScope::kNode;
    int32_t pid = 0;
    std::string limit_cgroup;
  };

  void AddToContext(std::string_view text);
  void BeginContext(Context context, const KernelMessage& message);
  bool BelongsToContext(const KernelMessage& message) const;
  std::optional<OomReport> AddWhole(const KernelMessage& message);
  std::optional<OomReport> EndKill(std::string_view line, const KernelMessage& message);
  void AddOomKillContext(const std::string& comm, OomReport& report) const;
  void AddTaskInContext(OomReport& report) const;
  void AddGroupContext(OomReport& report) const;

  // A line with cgroups, maybe in pieces.
  Context context_ = Context::kNone;
  double context_seconds_ = 0;
  std::string context_line_;
  std::optional<Chosen> chosen_;
  std::optional<Last> last_;
  // The beginning of a killed line whose name held a newline: the klog calls cut it there.
  std::string cut_line_;
  double cut_seconds_ = 0;
};

}  // namespace memleak
