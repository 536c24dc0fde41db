// The cgroup hierarchy that accounts for memory, version 1 or 2, below a sysfs tree.
//
// Paths are those of the hierarchy: "" is its root, "/a/b" a cgroup. Nothing is held open: a path
// is the identity of a cgroup, and one that is made again under its name goes on where it left. One
// thread. Follows Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/host/cgroup/cgroup_memory.h"
#include "exporter/host/file_reader.h"
#include "exporter/host/read_status.h"
#include "exporter/host/unique_fd.h"

namespace memleak {

// Names of one directory, in the order of their bytes, in one reused block of memory.
class NameList {
 public:
  void Clear() {
    text_.clear();
    names_.clear();
  }
  void Add(std::string_view name);
  void Sort();
  size_t size() const { return names_.size(); }
  std::string_view operator[](size_t i) const { return View(names_[i]); }

 private:
  struct Name {
    size_t begin;
    size_t size;
  };
  std::string_view View(const Name& name) const {
    return std::string_view{text_}.substr(name.begin, name.size);
  }
  std::string text_;
  std::vector<Name> names_;
};

// One cgroup, pinned: what is read through it is of the same one, whoever is made under its name.
class CgroupDir {
 public:
  ReadStatus status() const { return status_; }

 private:
  friend class CgroupFs;
  UniqueFd fd_;
  ReadStatus status_ = ReadStatus::kGone;
};

class CgroupFs {
 public:
  // `sysfs` is where the host's /sys is mounted.
  explicit CgroupFs(std::string sysfs) : sysfs_(std::move(sysfs)) {}

  // Finds the hierarchy, if that was not done: it may be mounted after we started. kGone where
  // there is none.
  ReadStatus Find();

  // Of a found hierarchy. Check its status before anything else.
  CgroupDir Open(std::string_view path);

  bool version_1() const { return version_1_; }
  // Whether it is the kernel's own, and not a copy of one: then Id is what the kernel calls a
  // cgroup.
  bool is_live() const { return is_live_; }
  // The inode of its directory; 0 when it cannot be read.
  static uint64_t Id(const CgroupDir& cgroup);

  // The cgroups directly below.
  ReadStatus List(const CgroupDir& cgroup, NameList& children);
  // Appends the pids in the cgroup itself. Of one that is not in our pid namespace version 2 says 0
  // and version 1 nothing.
  ReadStatus ReadProcesses(const CgroupDir& cgroup, std::vector<int32_t>& pids);
  // Appends the threads in the cgroup itself. Version 1 only, where those of a process may be
  // apart.
  ReadStatus ReadThreads(const CgroupDir& cgroup, std::vector<int32_t>& tids);
  // Nothing in `limit` when there is none.
  ReadStatus ReadLimit(const CgroupDir& cgroup, std::optional<uint64_t>& limit);
  // kMalformed when memory.stat is; what else cannot be read is absent.
  ReadStatus ReadMemory(const CgroupDir& cgroup, CgroupMemory& memory);

  // Reads that were refused, since the start.
  uint64_t denied() const { return denied_; }

 private:
  ReadStatus ReadIds(const CgroupDir& cgroup, const char* file, std::vector<int32_t>& ids);
  ReadStatus ReadFile(const CgroupDir& cgroup, const char* file, std::string_view& text);
  std::optional<uint64_t> ReadBytes(const CgroupDir& cgroup, const char* file);
  ReadStatus Noted(ReadStatus status);

  const std::string sysfs_;
  UniqueFd root_;
  bool version_1_ = false;
  bool is_live_ = false;
  FileReader reader_;
  std::string path_;           // of the cgroup that is being opened
  std::vector<char> entries_;  // of the directory that is being listed
  uint64_t denied_ = 0;
};

}  // namespace memleak
