// A proc tree in a temporary folder, as the kernel would print it, that a test can change.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace memleak {

struct TreeProcess {
  int pid = 1;
  uint64_t start_ticks = 1000;
  std::string comm = "program";
  char state = 'S';
  uint32_t flags = 0x400000;
  uint64_t major_faults = 0;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  int threads = 1;
  uint64_t arg_start = 0x7ffc00001000;
  uint32_t uid = 0;
  // Sizes in KiB; none: a status without memory lines.
  std::optional<uint64_t> resident_kib = 1024;
  uint64_t anon_kib = 512;
  uint64_t swap_kib = 0;
  int fds = 3;
  std::string exe = "/usr/bin/program";  // empty: no link
  std::string cmdline = std::string("program\0", 8);
};

class ProcTree {
 public:
  ProcTree();  // with uptime, stat (btime 1700000000) and the files of the whole node
  ~ProcTree();
  ProcTree(const ProcTree&) = delete;
  ProcTree& operator=(const ProcTree&) = delete;

  std::string path() const { return root_.string(); }
  std::filesystem::path ProcessPath(int pid) const { return root_ / std::to_string(pid); }

  // Writes or replaces a process.
  void Put(const TreeProcess& process);
  void Remove(int pid);
  void SetUptime(double seconds);
  void Write(const std::filesystem::path& relative, std::string_view text);

  static std::string Stat(const TreeProcess& process);
  static std::string Status(const TreeProcess& process);

 private:
  std::filesystem::path root_;
};

}  // namespace memleak
