#include "exporter/host/cgroup/cgroup_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

#include "exporter/host/directory.h"
#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

constexpr size_t kListBufferBytes = 32 * 1024;
// Of one cgroup's list of processes or threads: two million of them.
constexpr size_t kMaxIdsBytes = size_t{16} << 20;

}  // namespace

void NameList::Add(std::string_view name) {
  names_.push_back({text_.size(), name.size()});
  text_ += name;
}

void NameList::Sort() {
  std::sort(names_.begin(), names_.end(),
            [this](const Name& a, const Name& b) { return View(a) < View(b); });
}

ReadStatus CgroupFs::Find() {
  if (root_) return ReadStatus::kOk;
  // A hybrid host has both; there the memory controller is where version 1 shows it. With version 2
  // the tree tells who belongs where, even if its memory controller is off.
  struct Layout {
    const char* directory;
    const char* proof;
    bool version_1;
  };
  constexpr Layout kLayouts[] = {{"/fs/cgroup/memory", "memory.usage_in_bytes", true},
                                 {"/fs/cgroup", "cgroup.controllers", false}};
  ReadStatus status = ReadStatus::kGone;
  for (const Layout& layout : kLayouts) {
    path_ = sysfs_;
    path_ += layout.directory;
    UniqueFd root(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) {
      if (errno != ENOENT && errno != ENOTDIR) status = Noted(StatusOfErrno(errno));
      continue;
    }
    if (faccessat(root.get(), layout.proof, F_OK, AT_EACCESS) != 0) {
      if (errno != ENOENT) status = Noted(StatusOfErrno(errno));
      continue;
    }
    root_ = std::move(root);
    version_1_ = layout.version_1;
    struct statfs file_system {};
    is_live_ =
        fstatfs(root_.get(), &file_system) == 0 &&
        (file_system.f_type == CGROUP_SUPER_MAGIC || file_system.f_type == CGROUP2_SUPER_MAGIC);
    entries_.resize(kListBufferBytes);
    return ReadStatus::kOk;
  }
  return status;
}

ReadStatus CgroupFs::Noted(ReadStatus status) {
  if (status == ReadStatus::kDenied) ++denied_;
  return status;
}

CgroupDir CgroupFs::Open(std::string_view path) {
  path_ = '.';
  path_ += path;
  CgroupDir cgroup;
  cgroup.fd_ = UniqueFd(openat(root_.get(), path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  cgroup.status_ = Noted(cgroup.fd_ ? ReadStatus::kOk : StatusOfErrno(errno));
  return cgroup;
}

uint64_t CgroupFs::Id(const CgroupDir& cgroup) {
  struct stat directory {};
  return fstat(cgroup.fd_.get(), &directory) == 0 ? directory.st_ino : 0;
}

ReadStatus CgroupFs::ReadFile(const CgroupDir& cgroup, const char* file, std::string_view& text) {
  return Noted(reader_.Read(cgroup.fd_.get(), file, text));
}

std::optional<uint64_t> CgroupFs::ReadBytes(const CgroupDir& cgroup, const char* file) {
  std::string_view text;
  if (ReadFile(cgroup, file, text) != ReadStatus::kOk) return std::nullopt;
  return ParseCgroupBytes(text);
}

ReadStatus CgroupFs::List(const CgroupDir& cgroup, NameList& children) {
  children.Clear();
  const int fd = cgroup.fd_.get();
  // A directory's links are itself, its name and one of each directory in it, in a cgroup file
  // system as in most others: what has two needs no listing of its dozens of files.
  struct stat directory {};
  if (fstat(fd, &directory) != 0) return Noted(StatusOfErrno(errno));
  if (directory.st_nlink == 2) return ReadStatus::kOk;
  const int error = ForEachEntry(fd, entries_, [&](const char* name, uint8_t type) {
    const std::string_view entry = name;
    if (entry == "." || entry == "..") return true;
    bool is_directory = type == DT_DIR;
    if (type == DT_UNKNOWN) {
      struct stat file {};
      is_directory = fstatat(fd, name, &file, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(file.st_mode);
    }
    if (is_directory) children.Add(entry);
    return true;
  });
  if (error != 0) return Noted(StatusOfErrno(error));
  children.Sort();
  return ReadStatus::kOk;
}

ReadStatus CgroupFs::ReadProcesses(const CgroupDir& cgroup, std::vector<int32_t>& pids) {
  return ReadIds(cgroup, "cgroup.procs", pids);
}

ReadStatus CgroupFs::ReadThreads(const CgroupDir& cgroup, std::vector<int32_t>& tids) {
  return ReadIds(cgroup, "tasks", tids);
}

ReadStatus CgroupFs::ReadIds(const CgroupDir& cgroup, const char* file, std::vector<int32_t>& ids) {
  std::string_view text;
  const ReadStatus status = Noted(reader_.ReadInPieces(cgroup.fd_.get(), file, text, kMaxIdsBytes));
  if (status != ReadStatus::kOk) return status;
  std::string_view line;
  while (TakeLine(text, line)) {
    int32_t id = 0;
    if (!TakeNumber(line, id) || !line.empty() || id < 0) return ReadStatus::kMalformed;
    ids.push_back(id);
  }
  return ReadStatus::kOk;
}

ReadStatus CgroupFs::ReadLimit(const CgroupDir& cgroup, std::optional<uint64_t>& limit) {
  limit.reset();
  std::string_view text;
  const char* file = version_1_ ? "memory.limit_in_bytes" : "memory.max";
  const ReadStatus status = ReadFile(cgroup, file, text);
  if (status != ReadStatus::kOk) return status;
  return ParseCgroupLimit(text, limit) ? ReadStatus::kOk : ReadStatus::kMalformed;
}

ReadStatus CgroupFs::ReadMemory(const CgroupDir& cgroup, CgroupMemory& memory) {
  memory = CgroupMemory{};
  memory.usage = ReadBytes(cgroup, version_1_ ? "memory.usage_in_bytes" : "memory.current");
  if (version_1_) {
    memory.kernel = ReadBytes(cgroup, "memory.kmem.usage_in_bytes");
  } else {
    memory.swap = ReadBytes(cgroup, "memory.swap.current");
  }
  std::string_view text;
  const ReadStatus status = ReadFile(cgroup, "memory.stat", text);
  if (status != ReadStatus::kOk) return status;
  const auto stat = version_1_ ? ParseCgroupStatV1(text) : ParseCgroupStatV2(text);
  if (!stat) return ReadStatus::kMalformed;
  memory.anon = stat->anon;
  memory.shmem = stat->shmem;
  memory.page_cache = stat->page_cache;
  memory.in_both = stat->in_both;
  if (version_1_) {
    memory.swap = stat->swap;
  } else {
    memory.kernel = stat->kernel;
  }
  if (memory.usage) {
    const uint64_t usage = *memory.usage;
    memory.unreclaimable = usage - std::min(usage, stat->reclaimable);
    // Kernels before 5.18 print some of its parts only; measured, they miss pipes, sockets and,
    // earlier, page tables. What is charged and no page of a list is right to a few pages per CPU.
    if (!version_1_ && !memory.kernel) memory.kernel = usage - std::min(usage, stat->pages);
  }
  return ReadStatus::kOk;
}

}  // namespace memleak
