#include "exporter/host/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "exporter/host/unique_fd.h"

namespace memleak {

ReadStatus FileReader::Read(int dir, const char* path, std::string_view& text, size_t max_bytes) {
  return Read(dir, path, text, max_bytes, false);
}

ReadStatus FileReader::ReadInPieces(int dir, const char* path, std::string_view& text,
                                    size_t max_bytes) {
  return Read(dir, path, text, max_bytes, true);
}

ReadStatus FileReader::Read(int dir, const char* path, std::string_view& text, size_t max_bytes,
                            bool in_pieces) {
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
    if (got == 0 || size == max_bytes) break;
    // Elsewhere a read that leaves room reached the end.
    if (!in_pieces && static_cast<size_t>(got) < room) break;
    if (size == buffer_.size()) buffer_.resize(std::min(buffer_.size() * 2, max_bytes));
  }
  text = {buffer_.data(), size};
  return ReadStatus::kOk;
}

}  // namespace memleak
