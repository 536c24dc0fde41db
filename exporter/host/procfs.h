// The mounted proc file system: the list of processes, and each one pinned by a directory
// descriptor. proc(5); what each call costs is in tests/perf.
//
// One thread at a time, except where said. Set-up trouble throws std::system_error; per-process
// trouble is a ReadStatus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/file_reader.h"
#include "exporter/host/process/process_sample.h"
#include "exporter/host/read_status.h"
#include "exporter/host/unique_fd.h"

namespace memleak {

// One process, pinned: reads through it fail with kGone once it ended, even if its pid was reused.
class PidDir {
 public:
  // Opens /proc/PID below `root`. Check status() before anything else.
  PidDir(int root, int32_t pid);

  ReadStatus status() const { return status_; }
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  ReadStatus status_;
};

class ProcFs {
 public:
  // Opens the tree once. Throws std::system_error when `root` is no readable directory or holds no
  // `stat` and `uptime` (then it is no proc tree).
  explicit ProcFs(const std::string& root);

  int fd() const { return root_.get(); }
  const std::string& path() const { return path_; }

  // Lists the pids in ascending order into `pids`, which is reused. False when the directory cannot
  // be read.
  bool ListPids(std::vector<int32_t>& pids);

  // Counts a process's open descriptors. Since Linux 6.2 the size of the fd directory is that
  // number; elsewhere its entries are counted, up to kMaxCountedFds, beyond which `truncated` is
  // set and `count` means nothing.
  ReadStatus CountFds(const PidDir& process, uint64_t& count, bool& truncated);
  static constexpr uint64_t kMaxCountedFds = 65'536;

  // Whether its pids are those of our own pid namespace (pid_namespaces(7)), as what the kernel
  // tells us elsewhere is. A tree that is no proc file system counts as ours.
  bool pids_are_ours() const { return pids_are_ours_; }

  // Whether its pids are those of the kernel's first pid namespace, which the kernel's log speaks
  // of. False where that cannot be told. A copy of a tree is taken to be that of its log.
  bool pids_are_the_kernels() const { return pids_are_the_kernels_; }

  // Whether it is a proc file system, and not a copy of one.
  bool is_live() const { return is_live_; }

  // Whether the size of an fd directory is trusted: on procfs, when our own count agrees.
  bool fd_size_is_count() const { return fd_size_is_count_; }

 private:
  bool IsOfFirstPidNamespace() const;
  ReadStatus CountEntries(int dir, const char* name, uint64_t& count, bool& truncated);

  std::string path_;
  UniqueFd root_;
  bool pids_are_ours_ = true;
  bool pids_are_the_kernels_ = false;
  bool is_live_ = false;
  bool fd_size_is_count_ = false;
  std::vector<char> entries_ = std::vector<char>(64 * 1024);
};

}  // namespace memleak
