#include "exporter/host/evidence/fd_target.h"

#include <sys/stat.h>

namespace memleak {
namespace {

// What d_path() of the kernel appends to the last path of a file whose name is gone. A file may be
// named so, too.
constexpr std::string_view kDeletedMark = " (deleted)";

bool IsMarkedDeleted(std::string_view path) { return path.ends_with(kDeletedMark); }

// What memfd_create(2) and memfd_secret(2) make.
bool IsMemfd(std::string_view path) {
  return (path.starts_with("/memfd:") && IsMarkedDeleted(path)) || path == "/secretmem (deleted)";
}

FdKind KindOfAnonymousInode(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name == "eventfd") return FdKind::kEventfd;
  if (name == "eventpoll") return FdKind::kEventpoll;
  if (name == "timerfd") return FdKind::kTimerfd;
  if (name == "inotify") return FdKind::kInotify;
  return FdKind::kOther;
}

}  // namespace

std::optional<FdKind> KindByName(std::string_view link) {
  constexpr std::string_view kAnonymousInode = "anon_inode:";
  if (link.empty() || link.starts_with('/')) return std::nullopt;
  if (link.starts_with("socket:[")) return FdKind::kSocket;
  if (link.starts_with("pipe:[")) return FdKind::kPipe;
  if (link.starts_with(kAnonymousInode)) {
    return KindOfAnonymousInode(link.substr(kAnonymousInode.size()));
  }
  return FdKind::kOther;
}

FdKind KindByFile(std::string_view link, const LinkedFile& file) {
  switch (file.mode & S_IFMT) {
    case S_IFSOCK:
      return FdKind::kSocket;
    case S_IFIFO:
      return FdKind::kPipe;
    case S_IFCHR:
    case S_IFBLK:
      return FdKind::kDevice;
    case S_IFREG:
      break;
    default:
      return FdKind::kOther;
  }
  // The kernel counts one link of a secret memory file.
  if (IsMemfd(link) && (file.links == 0 || !link.starts_with("/memfd:"))) return FdKind::kMemfd;
  // Both must say so: a file that lost one of its names has others, and some file systems in user
  // space tell of no links at all.
  const bool deleted = file.links == 0 && (link.empty() || IsMarkedDeleted(link));
  return deleted ? FdKind::kDeleted : FdKind::kRegular;
}

FdKind KindByPath(std::string_view link) {
  if (IsMemfd(link)) return FdKind::kMemfd;
  if (IsMarkedDeleted(link)) return FdKind::kDeleted;
  if (link.empty() || link.ends_with('/') || link.starts_with("/dmabuf:")) return FdKind::kOther;
  for (const std::string_view files : {"/dev/shm/", "/dev/mqueue/", "/dev/hugepages/"}) {
    if (link.starts_with(files)) return FdKind::kRegular;
  }
  return link.starts_with("/dev/") ? FdKind::kDevice : FdKind::kRegular;
}

void FoldTarget(std::string_view link, std::string& target) {
  target.clear();
  bool in_number = false;
  for (const char c : link) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit || !in_number) {
      if (target.size() == FdKinds::kMaxTargetBytes) return;
      target += digit ? '#' : c;
    }
    in_number = digit;
  }
}

}  // namespace memleak
