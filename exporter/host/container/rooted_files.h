// Files of the host below where its root is mounted, opened as the host itself would: a link, an
// absolute one included, leads within that root and never to a file of ours (openat2(2),
// RESOLVE_IN_ROOT). Opening and reading may block, on a dead network file system for one. One
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "exporter/host/unique_fd.h"

namespace memleak {

class RootedFiles {
 public:
  // How links are followed: as the host does, or not at all, which is what is left below a `root`
  // other than "/" where the kernel is older than 5.6 or a filter denies openat2.
  enum class Links { kInRoot, kRefused };

  // Opens `root`; when that fails, nothing can be opened below it.
  explicit RootedFiles(const std::string& root, Links links = Links::kInRoot);

  // `path` is relative to the root and has no "..". An invalid descriptor when it cannot be had.
  UniqueFd OpenDirectory(const std::string& path) const;

  // All of a regular file. Nothing when it is none, cannot be read, is a link or has more than
  // `max_bytes`.
  std::optional<std::string> Read(const std::string& path, size_t max_bytes) const;

  // Whether anything was refused for want of a permission.
  bool denied() const { return denied_; }

 private:
  UniqueFd Open(const std::string& path, int flags) const;
  UniqueFd OpenWithoutLinks(const std::string& path, int flags) const;
  UniqueFd OpenAnyhow(const std::string& path, int flags) const;

  bool is_ours_;  // the root is our own: links cannot lead out of it
  Links links_;
  UniqueFd root_;
  mutable bool denied_ = false;
};

}  // namespace memleak
