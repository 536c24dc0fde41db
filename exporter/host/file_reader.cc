#include "exporter/host/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "exporter/host/unique_fd.h"

namespace memleak {

ReadStatus FileReader::Read(int dir, const char* path, std::string_view& text, size_t max_bytes) {
  text = {};
  const UniqueFd file(openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return StatusOfErrno(errno);
  size_t size = 0;
  for (;;) {
    const size_t room = std::min(buffer_.size(), max_bytes) - size;
    const ssize_t got = read(file.get(), buffer_.data() + size, room);
    if (got < 0) {
      if (errno == EINTR) continue;
      return StatusOfErrno(errno);
    }
    size += static_cast<size_t>(got);
    // A read that leaves room reached the end: procfs hands out all that fits at once.
    if (static_cast<size_t>(got) < room || size == max_bytes) break;
    buffer_.resize(std::min(buffer_.size() * 2, max_bytes));
  }
  text = {buffer_.data(), size};
  return ReadStatus::kOk;
}

}  // namespace memleak
