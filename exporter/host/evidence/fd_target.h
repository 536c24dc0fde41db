// What one descriptor is, told by the link that stands for it in /proc/PID/fd and by the file that
// this link leads to. Pure.
//
// proc_pid_fd(5). A path is any bytes but NUL; what is no path does not begin with a slash. Tools
// and kernels differ in brackets ("anon_inode:inotify", "anon_inode:[eventfd]").
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/host/evidence/fd_kinds.h"

namespace memleak {

// The file behind a path, as statx(2) tells.
struct LinkedFile {
  mode_t mode = 0;     // without a type: an object of the kernel's that is no file
  uint64_t links = 0;  // hard links: the names that it has
};

// The kind of what is no path. Nothing for a path: the file behind it has to be asked.
std::optional<FdKind> KindByName(std::string_view link);

// The kind of a path whose file is known. `link` is empty where the path is too long to be told.
FdKind KindByFile(std::string_view link, const LinkedFile& file);

// The kind of a path by its text alone, for want of the file: what is neither deleted nor below
// /dev counts as a regular file.
FdKind KindByPath(std::string_view link);

// Replaces `target` by `link` with each run of digits as one '#', cut after
// FdKinds::kMaxTargetBytes.
void FoldTarget(std::string_view link, std::string& target);

}  // namespace memleak
