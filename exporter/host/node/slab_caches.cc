#include "exporter/host/node/slab_caches.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace memleak {
namespace {

// Caches that the kernel can shrink, for kernels that do not tell (no SLUB, or no sysfs): inodes,
// names, page cache and what file systems keep of files. Whatever is missing here only shows
// although it need not.
bool IsKnownReclaimable(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {
      "buffer_head",        "dentry",        "dquot",
      "ext4_extent_status", "extent_status", "mb_cache_entry",
      "radix_tree_node",    "xfs_buf",       "xfs_ili"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.ends_with("inode_cache") || name.ends_with("_inode") ||
         name.starts_with("kmalloc-rcl-");
}

}  // namespace

SlabCaches::SlabCaches(int proc, const std::string& sysfs)
    : proc_(proc),
      sysfs_(open((sysfs + "/kernel/slab").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

bool SlabCaches::IsReclaimable(std::string_view name) {
  // A name from the kernel, but never a way out of the folder.
  const bool one_folder = name.find('/') == std::string_view::npos && name != "." && name != "..";
  std::string_view text;
  if (sysfs_ && one_folder &&
      flag_reader_.Read(sysfs_.get(), (std::string(name) + "/reclaim_account").c_str(), text) ==
          ReadStatus::kOk) {
    if (text == "0\n") return false;
    if (text == "1\n") return true;
  }
  return IsKnownReclaimable(name);
}

bool SlabCaches::LinesAreThoseBefore() const {
  if (lines_.size() != places_.size()) return false;
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (lines_[i].name != caches_[places_[i]].name) return false;
  }
  return true;
}

void SlabCaches::Rebuild() {
  std::unordered_map<std::string, bool> known;
  for (SlabCache& cache : caches_) known.emplace(std::move(cache.name), cache.reclaimable);
  caches_.clear();
  places_.clear();
  std::unordered_map<std::string_view, size_t> places;
  for (const SlabInfoLine& line : lines_) {
    // Some kernels have two caches of one name; they are one to us.
    const auto [place, is_new] = places.emplace(line.name, caches_.size());
    places_.push_back(place->second);
    if (!is_new) continue;
    std::string name(line.name);
    // Whether a cache is reclaimable is fixed when it is made: read for newcomers only.
    const auto before = known.find(name);
    const bool reclaimable = before != known.end() ? before->second : IsReclaimable(name);
    caches_.push_back({std::move(name), reclaimable, 0});
  }
}

bool SlabCaches::Read() {
  std::string_view text;
  const ReadStatus status = reader_.ReadInPieces(proc_, "slabinfo", text);
  if (status == ReadStatus::kDenied) ++denied_;
  if (status == ReadStatus::kDenied || status == ReadStatus::kGone) {
    caches_.clear();
    places_.clear();
    return true;
  }
  if (status != ReadStatus::kOk || !ParseSlabInfo(text, lines_)) return false;

  if (!LinesAreThoseBefore()) Rebuild();
  for (SlabCache& cache : caches_) cache.bytes = 0;
  const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < lines_.size(); ++i) {
    uint64_t bytes = 0;
    uint64_t& sum = caches_[places_[i]].bytes;
    if (__builtin_mul_overflow(lines_[i].pages, page_bytes, &bytes) ||
        __builtin_add_overflow(sum, bytes, &sum)) {
      return false;
    }
  }
  return true;
}

void SlabCaches::Update(double now) {
  if (last_read_ && now - *last_read_ < kPeriodSeconds) return;
  last_read_ = now;
  understood_ = Read();
}

}  // namespace memleak
