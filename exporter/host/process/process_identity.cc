#include "exporter/host/process/process_identity.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include "exporter/host/file_reader.h"
#include "exporter/host/process/elf.h"
#include "exporter/host/process/proc_cgroup.h"
#include "exporter/host/process/proc_stat.h"
#include "exporter/host/procfs.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

ReadStatus ReadExe(int process, std::string& exe) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlinkat(process, "exe", path.data(), path.size());
  if (size < 0) return StatusOfErrno(errno);
  std::string_view text(path.data(), static_cast<size_t>(size));
  // The kernel says so of a file that was replaced or removed, as by any package upgrade.
  constexpr std::string_view kDeleted = " (deleted)";
  if (text.ends_with(kDeleted)) text.remove_suffix(kDeleted.size());
  exe = text;
  return ReadStatus::kOk;
}

// Blocks where the process makes it block: that is what the helper threads are for.
ReadStatus ReadCmdline(int process, std::string& cmdline, bool& truncated) {
  const UniqueFd file(openat(process, "cmdline", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return StatusOfErrno(errno);
  std::array<char, 4096> chunk{};
  while (cmdline.size() < kMaxCmdlineBytes) {
    const size_t room = std::min(chunk.size(), kMaxCmdlineBytes - cmdline.size());
    const ssize_t got = read(file.get(), chunk.data(), room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return StatusOfErrno(errno);
    if (got == 0) return ReadStatus::kOk;
    cmdline.append(chunk.data(), static_cast<size_t>(got));
  }
  truncated = true;
  return ReadStatus::kOk;
}

Executable ReadExecutable(int root, int process) {
  // Only procfs has links that lead to the very file that runs; in a copied tree they would lead to
  // whatever this machine has under that path.
  struct statfs file_system {};
  if (fstatfs(root, &file_system) != 0 || file_system.f_type != PROC_SUPER_MAGIC) {
    return Executable::kUnknown;
  }
  const UniqueFd file(openat(process, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return Executable::kUnknown;
  return ElfHasSection(file.get(), ".go.buildinfo") ? Executable::kGo : Executable::kOther;
}

std::string ReadCgroup(int process) {
  FileReader reader;
  std::string_view text;
  if (reader.Read(process, "cgroup", text) != ReadStatus::kOk) return {};
  return std::string(MemoryCgroupPath(text));
}

}  // namespace

ReadStatus CheckIdentity(int process, uint64_t start_ticks) {
  FileReader reader;
  std::string_view text;
  if (const ReadStatus read = reader.Read(process, "stat", text); read != ReadStatus::kOk) {
    return read;
  }
  const auto stat = ParseProcStat(text);
  if (!stat) return ReadStatus::kMalformed;
  return stat->start_ticks == start_ticks ? ReadStatus::kOk : ReadStatus::kGone;
}

ProcessIdentity ReadProcessIdentity(int root, int32_t pid, uint64_t start_ticks, bool with_cgroup) {
  ProcessIdentity identity;
  const PidDir process(root, pid);
  ReadStatus status = process.status();
  if (status == ReadStatus::kOk) status = CheckIdentity(process.fd(), start_ticks);
  if (status != ReadStatus::kOk) {
    identity.exe_status = identity.cmdline_status = status;
    return identity;
  }
  identity.exe_status = ReadExe(process.fd(), identity.exe);
  if (identity.exe_status == ReadStatus::kOk) {
    identity.executable = ReadExecutable(root, process.fd());
  }
  identity.cmdline_status = ReadCmdline(process.fd(), identity.cmdline, identity.cmdline_truncated);
  if (with_cgroup) identity.cgroup = ReadCgroup(process.fd());
  return identity;
}

}  // namespace memleak
