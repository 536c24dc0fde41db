// Whole small files into one reused buffer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/read_status.h"

namespace memleak {

// Owns a buffer that grows when a file needs it and is reused by the next read. One thread.
class FileReader {
 public:
  // Reads all of `path` below the directory descriptor `dir`, at most `max_bytes` of it. `text` is
  // valid until the next call. Never blocks on a FIFO or a device. Read in one system call where
  // the buffer suffices: /proc generates a file at the first read, and a second one could be of
  // another moment.
  ReadStatus Read(int dir, const char* path, std::string_view& text,
                  size_t max_bytes = kDefaultMaxBytes);

  // The same for files that the kernel hands out in pieces, a page or so to each read (`vmstat`,
  // `slabinfo`, `cgroup.procs`): reads until there is no more, which costs a read too many
  // elsewhere.
  ReadStatus ReadInPieces(int dir, const char* path, std::string_view& text,
                          size_t max_bytes = kDefaultMaxBytes);

  static constexpr size_t kDefaultMaxBytes = size_t{1} << 20;

 private:
  ReadStatus Read(int dir, const char* path, std::string_view& text, size_t max_bytes,
                  bool in_pieces);

  std::vector<char> buffer_ = std::vector<char>(16 * 1024);
};

}  // namespace memleak
