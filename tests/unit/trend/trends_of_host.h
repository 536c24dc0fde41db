// A host in a temporary folder, whose time is the test's, and what leaks there.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "exporter/model/host_model.h"
#include "exporter/trend/host_trends.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {

namespace fs = std::filesystem;

inline constexpr double kSlot = 60;
inline constexpr double kStart = 100'000;  // uptime of the first pass
inline constexpr uint64_t kGiBInKib = uint64_t{1} << 20;
inline constexpr uint64_t kMiBInKib = uint64_t{1} << 10;
inline const std::string kUnit = "/system.slice/web.service";

inline Options OptionsFor(const ProcTree& tree) {
  Options options;
  options.path.procfs = tree.path();
  options.path.sysfs = tree.path() + "/sys";
  options.path.rootfs = tree.path();
  return options;
}

// A host in a temporary folder whose time is the test's, looked at by the real model.
class Host {
 public:
  explicit Host(Options (*options)(const ProcTree&) = OptionsFor) {
    SetMemory(900 * kGiBInKib);
    model_.emplace(options(tree_), kNeeds);
  }

  // What is available; there is no swap.
  void SetMemory(uint64_t available_kib) {
    tree_.Write("meminfo", "MemTotal: 1073741824 kB\nMemFree: 1 kB\nMemAvailable: " +
                               std::to_string(available_kib) +
                               " kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nShmem: 1000 kB\n"
                               "SUnreclaim: 2000 kB\nPageTables: 3000 kB\nVmallocUsed: 4000 kB\n");
  }
  void Put(const TreeProcess& process) { tree_.Put(process); }
  void Remove(int pid) { tree_.Remove(pid); }
  // Fills one cgroup of the hierarchy; `pids` one a line.
  void PutCgroup(const std::string& path, uint64_t anon_kib, const std::string& pids,
                 const std::string& limit = "max") {
    const std::string root = "sys/fs/cgroup";
    fs::create_directories(tree_.path() + "/" + root + path);
    if (!fs::exists(tree_.path() + "/" + root + "/cgroup.procs")) {
      tree_.Write(root + "/cgroup.controllers", "memory\n");
      tree_.Write(root + "/cgroup.procs", "");
    }
    const std::string anon = std::to_string(anon_kib * 1024);
    const std::string folder = root + path + "/";
    tree_.Write(folder + "memory.max", limit + "\n");
    tree_.Write(folder + "memory.current", anon + "\n");
    tree_.Write(folder + "memory.swap.current", "0\n");
    tree_.Write(folder + "memory.stat",
                "anon " + anon + "\nfile 0\nkernel 0\nshmem 0\ninactive_anon " + anon +
                    "\nactive_anon 0\ninactive_file 0\nactive_file 0\nslab_reclaimable 0\n");
    tree_.Write(folder + "cgroup.procs", pids);
  }
  void RemoveCgroup(const std::string& path) {
    fs::remove_all(tree_.path() + "/sys/fs/cgroup" + path);
  }

  // One refresh, so many seconds after the first.
  void Refresh(HostTrends& trends, double seconds) {
    tree_.SetUptime(kStart + seconds);
    trends.Feed(model_->Look());
    model_->Choose();
  }
  // The same, once all names are known.
  void RefreshNamed(HostTrends& trends, double seconds) {
    Refresh(trends, seconds);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (snapshot().counts.pending > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
      model_->Look();
      model_->Choose();
    }
    trends.Feed(model_->Look());
    model_->Choose();
  }
  Snapshot& Look(double seconds) {
    tree_.SetUptime(kStart + seconds);
    return model_->Look();
  }

  const Snapshot& snapshot() const { return model_->snapshot(); }
  const Process& Of(int pid) const {
    const auto& all = *snapshot().processes;
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const Process* process) { return process->sample.pid == pid; });
    REQUIRE(found != all.end());
    return **found;
  }
  const Group& GroupOf(const std::string& name) const {
    const auto& all = *snapshot().all_groups;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Group* group) { return group->name == name; });
    REQUIRE(found != all.end());
    return **found;
  }
  const Cgroup& CgroupAt(const std::string& path) const {
    const auto& all = *snapshot().all_cgroups;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Cgroup* cgroup) { return cgroup->path == path; });
    REQUIRE(found != all.end());
    return **found;
  }
  bool Exported(int pid) const {
    const auto& exported = *snapshot().exported;
    return std::any_of(exported.begin(), exported.end(),
                       [&](const Process* process) { return process->sample.pid == pid; });
  }

 private:
  static constexpr Needs kNeeds{.processes = true,
                                .memory = true,
                                .fds = true,
                                .limits = true,
                                .cgroups = true,
                                .node = {.meminfo = true}};
  ProcTree tree_;
  std::optional<HostModel> model_;
};

// One that has run for a day when the first pass sees it.
inline TreeProcess Program(int pid, uint64_t anon_kib = 100 * kMiBInKib) {
  TreeProcess process;
  process.pid = pid;
  process.start_ticks = static_cast<uint64_t>((kStart - 86'400) * 100) + static_cast<uint64_t>(pid);
  process.resident_kib = anon_kib;
  process.anon_kib = anon_kib;
  return process;
}

inline std::map<TrendKey, double> LastTimes(const HostTrends& trends) {
  std::map<TrendKey, double> times;
  trends.ForEach([&](const TrendKey& key, const Trend& trend) {
    CHECK(times.emplace(key, trend.last_time()).second);
  });
  return times;
}

// A leak of one MiB in each quarter of a slot, for so many slots. The process uses no CPU.
inline void Leak(Host& host, HostTrends& trends, TreeProcess process, int slots, double from = 0) {
  const uint64_t begin_kib = process.anon_kib;
  for (int i = 0; i <= slots * 4; ++i) {
    process.anon_kib = begin_kib + static_cast<uint64_t>(i) * kMiBInKib;
    process.resident_kib = process.anon_kib;
    host.Put(process);
    host.Refresh(trends, from + i * kSlot / 4);
  }
}

}  // namespace memleak
