// Whether processes are hidden from us by a proc file system mounted with hidepid
// (Documentation/filesystems/proc.rst, "Mount options"). What is hidden cannot be counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "exporter/host/file_reader.h"

namespace memleak {

struct HidepidOptions {
  bool hides = false;       // hidepid is not off
  bool gid_exempts = true;  // members of `gid` see everything; not so with hidepid=ptraceable
  uint32_t gid = 0;         // where none is given, root's group is meant
};

// What /proc/PID/mountinfo says of the mount `mount_id` (proc_pid_mountinfo(5)). Nothing when it
// names no such mount. Pure.
std::optional<HidepidOptions> ParseHidepid(std::string_view mountinfo, uint64_t mount_id);

class Hidepid {
 public:
  // How often the mount's options are looked at: they change only by hand, and a node with many
  // containers has many mounts.
  static constexpr double kPeriodSeconds = 60;

  // `proc` is a directory descriptor of the proc tree; it must outlive this.
  explicit Hidepid(int proc);

  // Whether processes are hidden from us; nothing where the tree is no proc file system. `now` is
  // monotonic seconds.
  std::optional<bool> Look(double now);

 private:
  bool MountHidesFromUs();

  int proc_;
  bool procfs_ = false;
  FileReader reader_;
  std::optional<double> last_look_;
  bool mount_hides_ = false;
};

}  // namespace memleak
