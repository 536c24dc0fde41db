// Listing of directories without an allocation per entry (getdents64(2)); libc's readdir would make
// one for every directory.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace memleak {

// Calls `visit(name, type)` for every entry of the open directory `dir` until it returns false;
// `type` is a DT_ constant of <dirent.h>, DT_UNKNOWN where the file system does not tell. `buffer`
// must hold the longest entry: a few hundred bytes at least. Returns 0 or an errno.
template <typename Visit>
int ForEachEntry(int dir, std::vector<char>& buffer, Visit&& visit) {
  struct Entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[1];
  };
  for (;;) {
    const long got = syscall(SYS_getdents64, dir, buffer.data(), buffer.size());
    if (got < 0) return errno;
    if (got == 0) return 0;
    for (long at = 0; at < got;) {
      const char* entry = buffer.data() + at;
      uint16_t length = 0;
      std::memcpy(&length, entry + offsetof(Entry, length), sizeof length);
      const auto type = static_cast<uint8_t>(entry[offsetof(Entry, type)]);
      if (!visit(entry + offsetof(Entry, name), type)) return 0;
      at += length;
    }
  }
}

}  // namespace memleak
