#include "exporter/trend/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

std::string Why(const std::string& what, int error) {
  return what + ": " + std::generic_category().message(error);
}

UniqueFd OpenDirectory(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string KindOf(mode_t mode) {
  if (S_ISLNK(mode)) return "is a symbolic link";
  if (S_ISDIR(mode)) return "is a directory";
  if (S_ISFIFO(mode)) return "is a pipe";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

// Why what stands there, if anything does, must be left alone.
std::string WhyNoFile(int directory, const std::string& name) {
  struct stat status {};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? "" : Why("cannot be looked at", errno);
  }
  return S_ISREG(status.st_mode) ? "" : KindOf(status.st_mode) + ", not a file";
}

// At most `bytes.size()`; what was read is left in it. Returns an errno.
int ReadAll(int file, std::string& bytes) {
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  return 0;
}

int WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(file) == 0 ? 0 : errno;
}

// Another exporter that was given the same file by mistake replaces our temporary file by its own.
bool IsOurs(int directory, const std::string& name, int file) {
  struct stat there {};
  struct stat ours {};
  return fstatat(directory, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstat(file, &ours) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

}  // namespace

StateFile::StateFile(const std::string& path) : path_(path) {
  const size_t slash = path.rfind('/');
  directory_ = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name_.empty()) name_ = ".";  // DIR/ is the directory itself
}

StateFile::Content StateFile::Load(size_t max_bytes) const {
  Content content;
  const auto fail = [&](Found found, std::string reason) {
    content.found = found;
    content.reason = std::move(reason);
    return content;
  };
  const UniqueFd directory = OpenDirectory(directory_);
  if (!directory) return fail(Found::kUnusable, Why("cannot open its directory", errno));
  if (std::string why = WhyNoFile(directory.get(), name_); !why.empty()) {
    return fail(Found::kUnusable, std::move(why));
  }
  // Looked at once more after it was opened: it may have been replaced. Without waiting: opening a
  // pipe waits for its writer.
  const UniqueFd file(openat(directory.get(), name_.c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ENOENT) return content;
  if (!file) return fail(Found::kUnreadable, Why("cannot open it", errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(Found::kUnusable, KindOf(status.st_mode) + ", not a file");
  }
  content.bytes.resize(std::min(static_cast<size_t>(status.st_size), max_bytes) + 1);
  if (const int error = ReadAll(file.get(), content.bytes); error != 0) {
    content.bytes = {};
    return fail(Found::kUnreadable, Why("cannot read it", error));
  }
  content.found = Found::kBytes;
  return content;
}

std::string StateFile::Save(std::string_view bytes) const {
  const UniqueFd directory = OpenDirectory(directory_);
  if (!directory) return Why("cannot open its directory", errno);
  const int dir = directory.get();
  if (std::string why = WhyNoFile(dir, name_); !why.empty()) return why;

  // What a crash left there goes. A new file each time, so that nothing which somebody put there is
  // written to.
  const std::string temporary = name_ + ".tmp";
  if (unlinkat(dir, temporary.c_str(), 0) != 0 && errno != ENOENT) {
    return Why("cannot remove " + temporary, errno);
  }
  const UniqueFd file(openat(dir, temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                             S_IRUSR | S_IWUSR));
  if (!file) return Why("cannot create " + temporary, errno);
  if (const int error = WriteAll(file.get(), bytes); error != 0) {
    unlinkat(dir, temporary.c_str(), 0);
    return Why("cannot write " + temporary, error);
  }
  if (!IsOurs(dir, temporary, file.get())) return "another program writes " + temporary;
  if (renameat(dir, temporary.c_str(), dir, name_.c_str()) != 0) {
    const int error = errno;
    unlinkat(dir, temporary.c_str(), 0);
    return Why("cannot rename " + temporary, error);
  }
  // Or the old name could come back after a power failure.
  if (fsync(dir) != 0 && errno != EINVAL) return Why("cannot write its directory", errno);
  return "";
}

std::string StateFile::SetAside(std::string_view why) const {
  const UniqueFd directory = OpenDirectory(directory_);
  if (!directory) return Why("cannot open its directory", errno);
  const std::string aside = name_ + "." + std::string(why);
  if (renameat(directory.get(), name_.c_str(), directory.get(), aside.c_str()) != 0) {
    return Why("cannot rename it to " + aside, errno);
  }
  return "";
}

}  // namespace memleak
