#include "exporter/host/evidence/jvm_heap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/directory.h"
#include "exporter/host/evidence/perf_data.h"
#include "exporter/host/file_reader.h"
#include "exporter/host/text_scan.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

constexpr std::string_view kFolderPrefix = "hsperfdata_";
constexpr size_t kMaxFileBytes = size_t{64} << 10;
// Of /tmp, which can hold anything. Below the second there is one for each user of a host.
constexpr size_t kMaxEntries = 20'000;
constexpr size_t kMaxFolders = 256;

EvidenceResult ResultOfErrno(int error) { return EvidenceResultOf(StatusOfErrno(error)); }

// Whose file it is, and its name.
struct Owner {
  uint32_t uid = 0;
  std::string file;
};

EvidenceResult ReadOwner(int process, Owner& owner) {
  FileReader reader;
  std::string_view text;
  const ReadStatus status = reader.Read(process, "status", text);
  if (status != ReadStatus::kOk) return EvidenceResultOf(status);
  constexpr std::string_view kPid = "Pid:";
  constexpr std::string_view kNsPid = "NSpid:";
  constexpr std::string_view kUid = "Uid:";
  std::optional<uint32_t> uid;
  std::optional<uint32_t> pid;
  std::string_view line;
  while (TakeLine(text, line)) {
    if (line.starts_with(kUid)) {
      line.remove_prefix(kUid.size());
      uint32_t real = 0;
      uint32_t effective = 0;
      if (TakeNumber(line, real) && TakeNumber(line, effective)) uid = effective;
    } else if (line.starts_with(kPid)) {
      line.remove_prefix(kPid.size());
      uint32_t number = 0;
      if (TakeNumber(line, number)) pid = number;
    } else if (line.starts_with(kNsPid)) {
      // One for each pid namespace, its own last. Behind Pid, and since Linux 4.1.
      line.remove_prefix(kNsPid.size());
      for (uint32_t number = 0; TakeNumber(line, number);) pid = number;
    }
  }
  if (!uid || !pid) return EvidenceResult::kMalformed;
  owner = {*uid, std::to_string(*pid)};
  return EvidenceResult::kOk;
}

// Opens for reading what `file` is, which must be known to be a regular file: to open a device or a
// FIFO can do something to it, and the name may lead elsewhere by now.
UniqueFd Reopen(const UniqueFd& file) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

// The file of `owner` in `folder`, all of it.
EvidenceResult ReadFile(int folder, const Owner& owner, std::string& bytes) {
  const UniqueFd found(openat(folder, owner.file.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found) return ResultOfErrno(errno);
  struct stat folder_status {};
  struct stat status {};
  if (fstat(folder, &folder_status) != 0 || fstat(found.get(), &status) != 0) {
    return ResultOfErrno(errno);
  }
  if (folder_status.st_uid != owner.uid || status.st_uid != owner.uid || !S_ISREG(status.st_mode) ||
      static_cast<uint64_t>(status.st_size) > kMaxFileBytes) {
    return EvidenceResult::kMalformed;
  }
  const UniqueFd file = Reopen(found);
  if (!file) return ResultOfErrno(errno);
  // One read, so that the counters are of one moment as far as can be, and one byte more than there
  // were, so that a file whose size changes shows.
  bytes.resize(static_cast<size_t>(status.st_size) + 1);
  const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return ResultOfErrno(errno);
  if (got != status.st_size) return EvidenceResult::kMalformed;
  bytes.resize(static_cast<size_t>(got));
  return EvidenceResult::kOk;
}

// Looks through the folders of all users, since the user's name is that of the JVM's own passwd.
// Each step is one name that is no link, which no "..", no absolute path and no link can lead out
// of that root: what openat2's RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS do, on any kernel.
EvidenceResult FindFile(int root, const Owner& owner, std::string& bytes) {
  const UniqueFd tmp(openat(root, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tmp) return ResultOfErrno(errno);
  // The worst that was met, if none is right: what is amiss must be seen.
  EvidenceResult result = EvidenceResult::kGone;
  size_t entries = 0;
  size_t folders = 0;
  std::vector<char> buffer(16 * 1024);
  const int error = ForEachEntry(tmp.get(), buffer, [&](const char* name, uint8_t) {
    if (++entries > kMaxEntries) {
      result = EvidenceResult::kCut;
      return false;
    }
    if (!std::string_view(name).starts_with(kFolderPrefix)) return true;
    if (++folders > kMaxFolders) {
      result = EvidenceResult::kCut;
      return false;
    }
    const UniqueFd folder(openat(tmp.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const EvidenceResult here =
        folder ? ReadFile(folder.get(), owner, bytes) : ResultOfErrno(errno);
    if (here == EvidenceResult::kOk || here == EvidenceResult::kMalformed ||
        result == EvidenceResult::kGone) {
      result = here;
    }
    return here != EvidenceResult::kOk;
  });
  return error == 0 ? result : ResultOfErrno(error);
}

JvmHeap HeapOf(const PerfData& data) {
  const auto bytes = [&](std::string_view name) {
    return data.Number(name, PerfData::Unit::kBytes);
  };
  const auto events = [&](std::string_view name) {
    return data.Number(name, PerfData::Unit::kEvents);
  };
  JvmHeap heap;
  heap.old_used = bytes("sun.gc.generation.1.space.0.used");
  heap.old_capacity = bytes("sun.gc.generation.1.space.0.capacity");
  heap.old_max = bytes("sun.gc.generation.1.space.0.maxCapacity");
  heap.young_capacity = bytes("sun.gc.generation.0.capacity");
  heap.metaspace_used = bytes("sun.gc.metaspace.used");
  heap.metaspace_capacity = bytes("sun.gc.metaspace.capacity");
  heap.young_collections = events("sun.gc.collector.0.invocations");
  heap.full_collections = events("sun.gc.collector.1.invocations");
  heap.concurrent_collections = events("sun.gc.collector.2.invocations");

  // Two collectors count the pauses of their concurrent cycles as full collections: Shenandoah, and
  // CMS before Java 11, where collector.2 came (JDK-8196862). Their full ones cannot be told apart.
  const std::string_view full = data.Text("sun.gc.collector.1.name").value_or("");
  if (!heap.concurrent_collections && (full.starts_with("Shenandoah") || full == "CMS")) {
    std::swap(heap.full_collections, heap.concurrent_collections);
  }
  return heap;
}

}  // namespace

std::optional<JvmHeap> ParseJvmHeap(std::string_view file) {
  const auto data = PerfData::Parse(file);
  if (!data) return std::nullopt;
  return HeapOf(*data);
}

EvidenceResult ReadJvmHeap(int process, JvmHeap& heap) {
  Owner owner;
  EvidenceResult result = ReadOwner(process, owner);
  if (result != EvidenceResult::kOk) return result;
  const UniqueFd root(openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return ResultOfErrno(errno);
  std::string bytes;
  result = FindFile(root.get(), owner, bytes);
  if (result != EvidenceResult::kOk) return result;
  const auto parsed = ParseJvmHeap(bytes);
  if (!parsed) return EvidenceResult::kMalformed;
  heap = *parsed;
  return EvidenceResult::kOk;
}

}  // namespace memleak
