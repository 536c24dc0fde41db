#include "exporter/host/container/rooted_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace memleak {
namespace {

constexpr int kAlways = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

// The kernel asks to try again when something was renamed while it resolved "..".
constexpr int kAttempts = 8;

int OpenInRoot(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0;; ++attempt) {
    const long fd = syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN || attempt == kAttempts) return static_cast<int>(fd);
  }
}

}  // namespace

RootedFiles::RootedFiles(const std::string& root, Links links)
    : is_ours_(root == "/"),
      links_(links),
      root_(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

UniqueFd RootedFiles::Open(const std::string& path, int flags) const {
  UniqueFd file = OpenAnyhow(path, flags);
  if (!file && errno == EACCES) denied_ = true;
  return file;
}

UniqueFd RootedFiles::OpenAnyhow(const std::string& path, int flags) const {
  if (links_ == Links::kInRoot) {
    UniqueFd file(OpenInRoot(root_.get(), path, kAlways | flags));
    if (file || (errno != ENOSYS && errno != EPERM)) return file;
  }
  if (is_ours_) return UniqueFd(openat(root_.get(), path.c_str(), kAlways | flags));
  return OpenWithoutLinks(path, flags);
}

UniqueFd RootedFiles::OpenWithoutLinks(const std::string& path, int flags) const {
  UniqueFd folder;
  int at = root_.get();
  size_t begin = 0;
  for (size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
    const std::string component = path.substr(begin, slash - begin);
    folder = UniqueFd(openat(at, component.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return folder;
    at = folder.get();
  }
  return UniqueFd(openat(at, path.c_str() + begin, kAlways | O_NOFOLLOW | flags));
}

UniqueFd RootedFiles::OpenDirectory(const std::string& path) const {
  return Open(path, O_DIRECTORY);
}

std::optional<std::string> RootedFiles::Read(const std::string& path, size_t max_bytes) const {
  const UniqueFd file = Open(path, O_NOFOLLOW);
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<uint64_t>(status.st_size) > max_bytes) return std::nullopt;
  // One byte more than it had, so that one read tells that this is the end.
  std::string text(static_cast<size_t>(status.st_size) + 1, '\0');
  size_t size = 0;
  for (;;) {
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (size > max_bytes) return std::nullopt;
    if (size == text.size()) text.resize(std::min(text.size() * 2, max_bytes + 1));
  }
  text.resize(size);
  return text;
}

}  // namespace memleak
