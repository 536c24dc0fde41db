#include "exporter/host/node/hidepid.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "exporter/host/capabilities.h"
#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

std::string_view TakeWord(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

bool IsMember(gid_t gid) {
  if (getegid() == gid) return true;
  const int count = getgroups(0, nullptr);
  if (count <= 0) return false;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (getgroups(count, groups.data()) != count) return false;
  return std::find(groups.begin(), groups.end(), gid) != groups.end();
}

// The id of the mount that `dir` lies in; Linux 5.8 and later tell it, and only since then each
// mount has a hidepid of its own.
std::optional<uint64_t> MountId(int dir) {
  struct statx status {};
  if (statx(dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) return std::nullopt;
  if ((status.stx_mask & STATX_MNT_ID) == 0) return std::nullopt;
  return status.stx_mnt_id;
}

}  // namespace

// "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw,hidepid=invisible,gid=27"; blanks in
// names are printed as \040.
std::optional<HidepidOptions> ParseHidepid(std::string_view mountinfo, uint64_t mount_id) {
  std::string_view line;
  while (TakeLine(mountinfo, line)) {
    uint64_t id = 0;
    if (!TakeNumber(line, id) || id != mount_id) continue;
    constexpr std::string_view kSeparator = " - ";
    const size_t separator = line.find(kSeparator);
    if (separator == std::string_view::npos) return std::nullopt;
    line.remove_prefix(separator + kSeparator.size());
    const std::string_view type = TakeWord(line, ' ');
    TakeWord(line, ' ');  // the source
    if (type != "proc") return std::nullopt;
    HidepidOptions options;
    while (!line.empty()) {
      std::string_view option = TakeWord(line, ',');
      const std::string_view key = TakeWord(option, '=');
      if (key == "hidepid") {
        options.hides = option != "0" && option != "off";
        options.gid_exempts = option != "4" && option != "ptraceable";
      } else if (key == "gid" && (!TakeNumber(option, options.gid) || !option.empty())) {
        return std::nullopt;
      }
    }
    return options;
  }
  return std::nullopt;
}

Hidepid::Hidepid(int proc) : proc_(proc) {
  struct statfs file_system {};
  procfs_ = fstatfs(proc, &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC;
}

bool Hidepid::MountHidesFromUs() {
  if (HasCapability(CAP_SYS_PTRACE)) return false;
  const auto id = MountId(proc_);
  std::string_view text;
  if (!id || reader_.ReadInPieces(proc_, "self/mountinfo", text) != ReadStatus::kOk) return false;
  const auto options = ParseHidepid(text, *id);
  if (!options || !options->hides) return false;
  return !options->gid_exempts || !IsMember(options->gid);
}

std::optional<bool> Hidepid::Look(double now) {
  if (!procfs_) return std::nullopt;
  // Every proc file system has a process 1, mostly another user's. Where even that one can be
  // looked into, the others may still be hidden from us: then the mount's options decide.
  struct stat first {};
  if (fstatat(proc_, "1/stat", &first, 0) != 0) return true;
  if (!last_look_ || now - *last_look_ >= kPeriodSeconds) {
    last_look_ = now;
    mount_hides_ = MountHidesFromUs();
  }
  return mount_hides_;
}

}  // namespace memleak
