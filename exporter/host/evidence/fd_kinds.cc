#include "exporter/host/evidence/fd_kinds.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <map>
#include <tuple>

#include "exporter/host/evidence/fd_target.h"
#include "exporter/host/evidence/open_fds.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

constexpr size_t kCheckTimeEvery = 256;

// At most kMaxCounted names of kMaxTargetBytes.
using TargetCounts = std::map<std::string, uint64_t, std::less<>>;

EvidenceResult ResultOf(int error) {
  // Our own trouble, of which this process knows nothing.
  if (error == EMFILE || error == ENFILE || error == ENOMEM) return EvidenceResult::kLate;
  return EvidenceResultOf(StatusOfErrno(error));
}

bool IsLive(int directory) {
  struct statfs file_system {};
  return fstatfs(directory, &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC;
}

// Whether it is gone, or a zombie, whose files are closed: not even its working directory is left.
bool HasEnded(int process) {
  char first = 0;
  return readlinkat(process, "cwd", &first, 1) < 0 && StatusOfErrno(errno) == ReadStatus::kGone;
}

// What a link of procfs leads to. Neither the path is walked nor a network file system asked.
std::optional<LinkedFile> FileBehind(int directory, const char* name) {
  struct statx file {};
  constexpr unsigned kWanted = STATX_TYPE | STATX_NLINK;
  if (statx(directory, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, kWanted, &file) != 0 ||
      (file.stx_mask & kWanted) != kWanted) {
    return std::nullopt;
  }
  return LinkedFile{file.stx_mode, file.stx_nlink};
}

class FdReader {
 public:
  FdReader(int directory, bool live, FdKinds& kinds)
      : directory_(directory), live_(live), kinds_(kinds) {}

  // Counts one descriptor. Returns 0 or an errno: ENOENT when it is closed.
  int Count(int number) {
    std::array<char, 16> name{};
    *std::to_chars(name.data(), name.data() + name.size() - 1, number).ptr = '\0';
    const ssize_t size = readlinkat(directory_, name.data(), link_.data(), link_.size());
    // Any other trouble is with the link's text: a path can be longer than the kernel tells, and in
    // a copied tree it may be no link at all.
    if (size < 0 && StatusOfErrno(errno) != ReadStatus::kMalformed) return errno;
    const std::string_view link(link_.data(), size < 0 ? 0 : static_cast<size_t>(size));
    ++kinds_.counts[static_cast<size_t>(KindOf(link, name.data()))];
    if (!link.empty()) {
      FoldTarget(link, target_);
      ++targets_[target_];
    }
    return 0;
  }

  const TargetCounts& targets() const { return targets_; }

 private:
  FdKind KindOf(std::string_view link, const char* name) const {
    if (const auto kind = KindByName(link)) return *kind;
    const auto file = live_ ? FileBehind(directory_, name) : std::nullopt;
    return file ? KindByFile(link, *file) : KindByPath(link);
  }

  const int directory_;
  const bool live_;
  FdKinds& kinds_;
  std::array<char, PATH_MAX> link_;
  std::string target_;
  TargetCounts targets_;
};

std::vector<FdKinds::Target> CommonestOf(const TargetCounts& counts) {
  std::vector<FdKinds::Target> targets;
  targets.reserve(counts.size());
  for (const auto& [name, count] : counts) targets.push_back({name, count});
  const size_t kept = std::min(targets.size(), FdKinds::kMaxTargets);
  std::partial_sort(targets.begin(), targets.begin() + static_cast<ptrdiff_t>(kept), targets.end(),
                    [](const FdKinds::Target& a, const FdKinds::Target& b) {
                      return std::tie(b.count, a.name) < std::tie(a.count, b.name);
                    });
  targets.resize(kept);
  return targets;
}

}  // namespace

EvidenceResult ReadFdKinds(int process, EvidenceDeadline deadline, FdKinds& kinds,
                           size_t max_counted) {
  kinds = {};
  const UniqueFd directory(openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return ResultOf(errno);
  const bool live = IsLive(directory.get());
  OpenFds open;
  if (const int error = ListNewestFds(directory.get(), live, max_counted, deadline, open)) {
    return ResultOf(error);
  }

  FdReader reader(directory.get(), live, kinds);
  const auto late = [&] { return std::chrono::steady_clock::now() >= deadline; };
  uint64_t read = 0;
  bool some_closed = false;
  for (const int number : open.newest) {
    if (read % kCheckTimeEvery == 0 && late()) break;
    ++read;
    const int error = reader.Count(number);
    if (error == 0) continue;
    const EvidenceResult result = ResultOf(error);
    if (result != EvidenceResult::kGone) return result;
    some_closed = true;
  }
  if (read == 0 && late()) return EvidenceResult::kLate;
  if (live && (some_closed || open.count == 0) && HasEnded(process)) return EvidenceResult::kGone;
  kinds.uncounted = open.count - std::min(open.count, read);
  kinds.targets = CommonestOf(reader.targets());
  return kinds.uncounted == 0 ? EvidenceResult::kOk : EvidenceResult::kCut;
}

}  // namespace memleak
