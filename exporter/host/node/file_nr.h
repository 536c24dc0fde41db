// Parser of /proc/sys/fs/file-nr (proc_sys_fs(5)): open files of the whole node. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

struct FileNr {
  uint64_t open = 0;
  uint64_t max = 0;  // 2^63-1 where nobody set a limit
};

std::optional<FileNr> ParseFileNr(std::string_view text);

}  // namespace memleak
