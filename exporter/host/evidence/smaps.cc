#include "exporter/host/evidence/smaps.h"

#include <charconv>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// The figures that every kernel since 2.6.27 prints of every mapping.
constexpr uint8_t kRss = 1;
constexpr uint8_t kPss = 2;
constexpr uint8_t kSwap = 4;
constexpr uint8_t kAll = kRss | kPss | kSwap;

constexpr std::string_view kDeleted = " (deleted)";

bool TakeHex(std::string_view& text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool Take(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

// What System V shared memory is called: "/SYSV", the key in eight digits, " (deleted)".
bool IsSystemV(std::string_view name) {
  constexpr std::string_view kPrefix = "/SYSV";
  constexpr size_t kKeyDigits = 8;
  return name.starts_with(kPrefix) && name.ends_with(kDeleted) &&
         name.size() == kPrefix.size() + kKeyDigits + kDeleted.size();
}

// The name of a file begins with '/', and a newline in it is printed as \012: no process can
// imitate the kernel's own names, nor add a line. Among files it could, with a folder "/dev" or a
// file "/memfd:x" in a root of its own, and would mislead about itself only. `cut` says that the
// end of the name is missing.
MappingKind KindOf(std::string_view name, bool cut, bool shared, uint64_t inode) {
  if (name.empty()) return inode == 0 ? MappingKind::kAnonymous : MappingKind::kOther;
  if (name[0] == '[') {
    if (name == "[heap]") return MappingKind::kHeap;
    // "[stack:TID]" are the threads' on Linux 3.4 to 4.4; elsewhere those are anonymous.
    if (name == "[stack]" || name.starts_with("[stack:")) return MappingKind::kStack;
    // Named by the process itself (PR_SET_VMA_ANON_NAME).
    if (name.starts_with("[anon:")) return MappingKind::kAnonymous;
    if (name.starts_with("[anon_shmem:")) return MappingKind::kShared;
    return MappingKind::kOther;  // [vdso], [vvar], [vsyscall], [uprobes]
  }
  if (name[0] != '/') return MappingKind::kOther;  // anon_inode:[io_uring], socket:[123]
  // A private mapping of it is anonymous memory, a shared one shared anonymous memory; so are huge
  // pages without a file.
  if (name == "/dev/zero" || name == "/dev/zero (deleted)" || name == "/anon_hugepage (deleted)") {
    return shared ? MappingKind::kShared : MappingKind::kAnonymous;
  }
  if (name.starts_with("/dev/shm/")) return MappingKind::kShared;
  if (name.starts_with("/dev/") || name.starts_with("/dmabuf:")) return MappingKind::kOther;
  if (!cut && name.starts_with("/memfd:") && name.ends_with(kDeleted)) return MappingKind::kShared;
  if (!cut && IsSystemV(name)) return MappingKind::kShared;
  return MappingKind::kFile;
}

bool AddTo(uint64_t& sum, uint64_t bytes) { return !__builtin_add_overflow(sum, bytes, &sum); }

}  // namespace

// One byte more than is looked at tells that there was more.
SmapsParser::SmapsParser(LargestRegions* largest) : largest_(largest) {
  line_.reserve(kMaxLineBytes + 1);
}

bool SmapsParser::Add(std::string_view piece) {
  while (understood_ && !piece.empty()) {
    const size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (end == std::string_view::npos) {
      Keep(part);
      return true;
    }
    if (line_.empty()) {
      understood_ = TakeLine(part);
    } else {
      Keep(part);
      understood_ = TakeLine(line_);
      line_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  return understood_;
}

bool SmapsParser::Finish() { return understood_ && line_.empty() && EndMapping(); }

void SmapsParser::Keep(std::string_view part) {
  line_.append(part.substr(0, kMaxLineBytes + 1 - line_.size()));
}

bool SmapsParser::TakeLine(std::string_view line) {
  const bool cut = line.size() > kMaxLineBytes;
  line = line.substr(0, kMaxLineBytes);
  if (line.empty()) return false;
  const char first = line[0];
  if (first >= 'A' && first <= 'Z') return !cut && TakeField(line);
  return BeginMapping(line, cut);
}

bool SmapsParser::BeginMapping(std::string_view line, bool cut) {
  if (!EndMapping()) return false;
  uint64_t start = 0;
  uint64_t end = 0;
  if (!TakeHex(line, start) || !Take(line, '-') || !TakeHex(line, end) || !Take(line, ' ')) {
    return false;
  }
  constexpr size_t kShareColumn = 3;  // of "rwxp"
  if (line.size() <= kShareColumn) return false;
  const std::string_view permissions = line.substr(0, kShareColumn + 1);
  const char share = permissions[kShareColumn];
  if (share != 's' && share != 'p') return false;
  line.remove_prefix(permissions.size());
  uint64_t offset = 0;
  uint64_t device = 0;
  uint64_t inode = 0;
  if (!Take(line, ' ') || !TakeHex(line, offset) || !Take(line, ' ') || !TakeHex(line, device) ||
      !Take(line, ':') || !TakeHex(line, device) || !Take(line, ' ') || !TakeNumber(line, inode)) {
    return false;
  }
  if (!line.empty() && line[0] != ' ') return false;
  SkipBlanks(line);
  kind_ = KindOf(line, cut, share == 's', inode);
  seen_ = 0;
  ++mappings_.count;
  if (largest_ != nullptr) {
    region_ = {start, end, std::string(permissions), offset,
               std::string(line.substr(0, Region::kMaxNameBytes))};
  }
  return true;
}

bool SmapsParser::TakeField(std::string_view line) {
  if (mappings_.count == 0) return false;
  const auto take = [&](std::string_view key, uint8_t bit, uint64_t& sum, uint64_t& of_region) {
    const auto bytes = ParseKibibytes(line.substr(key.size()));
    if (!bytes || (seen_ & bit) != 0) return false;
    seen_ = static_cast<uint8_t>(seen_ | bit);
    of_region = *bytes;
    return AddTo(sum, *bytes);
  };
  const auto kind = static_cast<size_t>(kind_);
  if (line.starts_with("Rss:")) {
    return take("Rss:", kRss, mappings_.resident[kind], region_.resident);
  }
  if (line.starts_with("Pss:")) {
    return take("Pss:", kPss, mappings_.proportional, region_.proportional);
  }
  if (line.starts_with("Swap:")) {
    return take("Swap:", kSwap, mappings_.swapped[kind], region_.swapped);
  }
  return true;
}

bool SmapsParser::EndMapping() {
  if (!MappingIsWhole()) return false;
  if (largest_ != nullptr && mappings_.count > 0) largest_->Offer(region_);
  return true;
}

bool SmapsParser::MappingIsWhole() const { return mappings_.count == 0 || seen_ == kAll; }

}  // namespace memleak
