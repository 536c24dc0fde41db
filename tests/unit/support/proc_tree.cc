#include "tests/unit/support/proc_tree.h"

#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace memleak {

namespace fs = std::filesystem;

ProcTree::ProcTree() {
  std::string name = (fs::temp_directory_path() / "memleak-proc-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  root_ = name;
  SetUptime(5000);
  Write("stat", "cpu  1 2 3 4\nbtime 1700000000\nprocesses 10\n");
  Write("meminfo", "MemTotal:        1000 kB\nMemFree:          100 kB\n");
  Write("loadavg", "0.15 0.27 0.95 1/90 25902\n");
  Write("vmstat", "pswpin 1\npswpout 2\npgmajfault 3\noom_kill 4\n");
  Write("buddyinfo", "Node 0, zone   Normal      1   1795   4569 \n");
  Write(
      "slabinfo",
      "slabinfo - version: 2.1\n"
      "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
      "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n"
      "kmalloc-128        41184  41184    128   32    1 : tunables    0    0    0 : slabdata   "
      "1287   1287      0\n");
  fs::create_directories(root_ / "sys/fs");
  Write("sys/fs/file-nr", "521\t0\t2466170\n");
}

ProcTree::~ProcTree() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void ProcTree::Write(const fs::path& relative, std::string_view text) {
  std::ofstream file(root_ / relative, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + (root_ / relative).string());
}

void ProcTree::SetUptime(double seconds) { Write("uptime", std::to_string(seconds) + " 1.00\n"); }

std::string ProcTree::Stat(const TreeProcess& process) {
  std::string text = std::to_string(process.pid) + " (" + process.comm + ") " + process.state;
  text += " 1 1 1 0 -1 " + std::to_string(process.flags) + " 100 0 ";
  text += std::to_string(process.major_faults) + " 0 " + std::to_string(process.user_ticks) + " " +
          std::to_string(process.system_ticks) + " 0 0 20 0 " + std::to_string(process.threads) +
          " 0 " + std::to_string(process.start_ticks) + " 1000000 256";
  // (25) to (47): of no interest.
  for (int field = 25; field <= 47; ++field) text += " 0";
  return text + " " + std::to_string(process.arg_start) + " 0 0 0 0\n";
}

std::string ProcTree::Status(const TreeProcess& process) {
  const std::string uid = std::to_string(process.uid);
  std::string text = "Name:\tprogram\nUid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\n";
  if (process.resident_kib) {
    const auto line = [&](const char* key, uint64_t kib) {
      text += std::string(key) + ":\t" + std::to_string(kib) + " kB\n";
    };
    line("VmPeak", *process.resident_kib * 3);
    line("VmSize", *process.resident_kib * 2);
    line("VmHWM", *process.resident_kib);
    line("VmRSS", *process.resident_kib);
    line("RssAnon", process.anon_kib);
    line("RssFile", 0);
    line("RssShmem", 0);
    line("VmPTE", 40);
    line("VmSwap", process.swap_kib);
  }
  return text + "Threads:\t" + std::to_string(process.threads) + "\n";
}

void ProcTree::Put(const TreeProcess& process) {
  const fs::path folder = ProcessPath(process.pid);
  fs::remove_all(folder);
  fs::create_directories(folder / "fd");
  for (int fd = 0; fd < process.fds; ++fd) Write(folder / "fd" / std::to_string(fd), "");
  Write(folder / "stat", Stat(process));
  Write(folder / "status", Status(process));
  Write(folder / "cmdline", process.cmdline);
  Write(folder / "limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 524288               files     \n");
  if (!process.exe.empty()) fs::create_symlink(process.exe, folder / "exe");
}

void ProcTree::Remove(int pid) { fs::remove_all(ProcessPath(pid)); }

}  // namespace memleak
