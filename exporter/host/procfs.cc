#include "exporter/host/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "exporter/host/directory.h"

namespace memleak {
namespace {

// A directory's name as a pid; 0 for any other name.
int32_t ParsePid(const char* name) {
  if (name[0] < '1' || name[0] > '9') return 0;
  const char* end = name + std::strlen(name);
  int32_t pid = 0;
  const auto [parsed, error] = std::from_chars(name, end, pid);
  return error == std::errc{} && parsed == end ? pid : 0;
}

}  // namespace

PidDir::PidDir(int root, int32_t pid) {
  std::array<char, 16> name{};
  *std::to_chars(name.data(), name.data() + name.size() - 1, pid).ptr = '\0';
  fd_ = UniqueFd(openat(root, name.data(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  status_ = fd_ ? ReadStatus::kOk : StatusOfErrno(errno);
}

ProcFs::ProcFs(const std::string& root) : path_(root) {
  root_ = UniqueFd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_) throw std::system_error(errno, std::generic_category(), "cannot open " + root);
  for (const char* name : {"stat", "uptime"}) {
    if (faccessat(root_.get(), name, R_OK, AT_EACCESS) != 0) {
      throw std::system_error(errno, std::generic_category(),
                              root + " is not a proc file system: cannot read " + name);
    }
  }

  std::array<char, 16> own{};
  if (readlinkat(root_.get(), "self", own.data(), own.size() - 1) > 0) {
    pids_are_ours_ = ParsePid(own.data()) == getpid();
  }

  struct statfs file_system {};
  struct stat self {};
  uint64_t counted = 0;
  bool truncated = false;
  is_live_ = fstatfs(root_.get(), &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC;
  pids_are_the_kernels_ = !is_live_ || IsOfFirstPidNamespace();
  if (is_live_ && CountEntries(root_.get(), "self/fd", counted, truncated) == ReadStatus::kOk &&
      !truncated && fstatat(root_.get(), "self/fd", &self, 0) == 0) {
    // While we counted, the directory's own descriptor was open, too.
    fd_size_is_count_ = self.st_size > 0 && static_cast<uint64_t>(self.st_size) + 1 == counted;
  }
}

bool ProcFs::IsOfFirstPidNamespace() const {
  // PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h
  constexpr std::string_view kFirst = "pid:[4026531836]";
  std::array<char, 64> name{};
  const auto is_first = [&](const char* link) {
    const ssize_t size = readlinkat(root_.get(), link, name.data(), name.size());
    return size > 0 && std::string_view(name.data(), static_cast<size_t>(size)) == kFirst;
  };
  // Process 1 is always of the tree's own namespace, but may not be looked into without privilege.
  return is_first("1/ns/pid") || (pids_are_ours_ && is_first("self/ns/pid"));
}

bool ProcFs::ListPids(std::vector<int32_t>& pids) {
  pids.clear();
  if (lseek(root_.get(), 0, SEEK_SET) != 0) return false;
  const int error = ForEachEntry(root_.get(), entries_, [&](const char* name, uint8_t) {
    if (const int32_t pid = ParsePid(name); pid > 0) pids.push_back(pid);
    return true;
  });
  // procfs lists in this order; a fixture tree need not.
  if (!std::is_sorted(pids.begin(), pids.end())) std::sort(pids.begin(), pids.end());
  return error == 0;
}

ReadStatus ProcFs::CountFds(const PidDir& process, uint64_t& count, bool& truncated) {
  truncated = false;
  if (!fd_size_is_count_) return CountEntries(process.fd(), "fd", count, truncated);
  struct stat directory {};
  if (fstatat(process.fd(), "fd", &directory, 0) != 0) return StatusOfErrno(errno);
  count = static_cast<uint64_t>(directory.st_size);
  return ReadStatus::kOk;
}

ReadStatus ProcFs::CountEntries(int dir, const char* name, uint64_t& count, bool& truncated) {
  const UniqueFd fds(openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fds) return StatusOfErrno(errno);
  count = 0;
  truncated = false;
  const int error = ForEachEntry(fds.get(), entries_, [&](const char* entry, uint8_t) {
    if (entry[0] == '.') return true;
    if (count == kMaxCountedFds) {
      truncated = true;
      return false;
    }
    ++count;
    return true;
  });
  return error == 0 ? ReadStatus::kOk : StatusOfErrno(error);
}

}  // namespace memleak
