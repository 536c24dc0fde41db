#include "exporter/host/cgroup_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

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

ReadStatus CgroupFs::Open() {
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
    if (faccessat(root.get(), layout.proof, F_OK, 0) != 0) {
      if (errno != ENOENT) status = Noted(StatusOfErrno(errno));
      continue;
    }
    root_ = std::move(root);
    version_1_ = layout.version_1;
    entries_.resize(kListBufferBytes);
    return ReadStatus::kOk;
  }
  return status;
}

ReadStatus CgroupFs::Noted(ReadStatus status) {
  if (status == ReadStatus::kDenied) ++denied_;
  return status;
}

const char* CgroupFs::PathOf(std::string_view path, std::string_view file) {
  path_ = '.';
  path_ += path;
  path_ += '/';
  path_ += file;
  return path_.c_str();
}

ReadStatus CgroupFs::ReadFile(std::string_view path, std::string_view file,
                              std::string_view& text) {
  return Noted(reader_.Read(root_.get(), PathOf(path, file), text));
}

std::optional<uint64_t> CgroupFs::ReadBytes(std::string_view path, std::string_view file) {
  std::string_view text;
  if (ReadFile(path, file, text) != ReadStatus::kOk) return std::nullopt;
  return ParseCgroupBytes(text);
}

ReadStatus CgroupFs::List(std::string_view path, NameList& children) {
  children.Clear();
  // A directory's links are itself, its name and one of each directory in it, in a cgroup file
  // system as in most others: what has two needs no listing of its dozens of files.
  struct stat directory {};
  if (fstatat(root_.get(), PathOf(path, ""), &directory, 0) != 0) {
    return Noted(StatusOfErrno(errno));
  }
  if (directory.st_nlink == 2) return ReadStatus::kOk;
  const UniqueFd opened(openat(root_.get(), PathOf(path, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return Noted(StatusOfErrno(errno));
  const int error = ForEachEntry(opened.get(), entries_, [&](const char* name, uint8_t type) {
    const std::string_view entry = name;
    if (entry == "." || entry == "..") return true;
    bool is_directory = type == DT_DIR;
    if (type == DT_UNKNOWN) {
      struct stat file {};
      is_directory =
          fstatat(opened.get(), name, &file, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(file.st_mode);
    }
    if (is_directory) children.Add(entry);
    return true;
  });
  if (error != 0) return Noted(StatusOfErrno(error));
  children.Sort();
  return ReadStatus::kOk;
}

ReadStatus CgroupFs::ReadProcesses(std::string_view path, std::vector<int32_t>& pids) {
  return ReadIds(path, "cgroup.procs", pids);
}

ReadStatus CgroupFs::ReadThreads(std::string_view path, std::vector<int32_t>& tids) {
  return ReadIds(path, "tasks", tids);
}

ReadStatus CgroupFs::ReadIds(std::string_view path, std::string_view file,
                             std::vector<int32_t>& ids) {
  std::string_view text;
  const ReadStatus status =
      Noted(reader_.ReadInPieces(root_.get(), PathOf(path, file), text, kMaxIdsBytes));
  if (status != ReadStatus::kOk) return status;
  std::string_view line;
  while (TakeLine(text, line)) {
    int32_t id = 0;
    if (!TakeNumber(line, id) || !line.empty() || id < 0) return ReadStatus::kMalformed;
    ids.push_back(id);
  }
  return ReadStatus::kOk;
}

ReadStatus CgroupFs::ReadLimit(std::string_view path, std::optional<uint64_t>& limit) {
  limit.reset();
  std::string_view text;
  const char* file = version_1_ ? "memory.limit_in_bytes" : "memory.max";
  const ReadStatus status = ReadFile(path, file, text);
  if (status != ReadStatus::kOk) return status;
  return ParseCgroupLimit(text, limit) ? ReadStatus::kOk : ReadStatus::kMalformed;
}

ReadStatus CgroupFs::ReadMemory(std::string_view path, CgroupMemory& memory) {
  memory = CgroupMemory{};
  std::string_view text;
  const ReadStatus status = ReadFile(path, "memory.stat", text);
  if (status != ReadStatus::kOk) return status;
  const auto stat = version_1_ ? ParseCgroupStatV1(text) : ParseCgroupStatV2(text);
  if (!stat) return ReadStatus::kMalformed;
  memory.anon = stat->anon;
  memory.shmem = stat->shmem;
  memory.page_cache = stat->page_cache;
  memory.in_both = stat->in_both;
  if (version_1_) {
    memory.usage = ReadBytes(path, "memory.usage_in_bytes");
    memory.kernel = ReadBytes(path, "memory.kmem.usage_in_bytes");
    memory.swap = stat->swap;
  } else {
    memory.usage = ReadBytes(path, "memory.current");
    memory.kernel = stat->kernel;
    memory.swap = ReadBytes(path, "memory.swap.current");
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
