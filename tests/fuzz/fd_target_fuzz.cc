// What a link of /proc/PID/fd leads to: paths hold any bytes, and a target's name is bounded.
#include <sys/stat.h>

#include <string>

#include "exporter/host/evidence/fd_target.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view link = InputText(data, size);

  std::string target = "left over 1";
  FoldTarget(link, target);
  Require(target.size() <= FdKinds::kMaxTargetBytes, "bounded");
  Require(target.find_first_of("0123456789") == std::string::npos, "no digit is left");
  Require(target.empty() == link.empty(), "something is left of something");
  std::string again;
  FoldTarget(target, again);
  Require(again == target, "what is folded stays as it is");
  // The same by other means.
  std::string expected;
  for (size_t i = 0; i < link.size() && expected.size() < FdKinds::kMaxTargetBytes; ++i) {
    constexpr std::string_view kDigits = "0123456789";
    const bool digit = kDigits.find(link[i]) != std::string_view::npos;
    const bool goes_on = digit && i > 0 && kDigits.find(link[i - 1]) != std::string_view::npos;
    if (!goes_on) expected += digit ? '#' : link[i];
  }
  Require(target == expected, "each run of digits is one character");

  const auto named = KindByName(link);
  Require(named.has_value() == !(link.empty() || link[0] == '/'), "a path begins with a slash");
  constexpr mode_t kTypes[] = {0, S_IFSOCK, S_IFLNK, S_IFREG, S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO};
  for (const mode_t type : kTypes) {
    for (const uint64_t links : {0u, 1u, 2u}) {
      const FdKind kind = KindByFile(link, {type, links});
      Require(static_cast<size_t>(kind) < kFdKinds, "a kind");
      if (kind == FdKind::kDeleted) Require(type == S_IFREG && links == 0, "deleted: no name left");
    }
  }
  const FdKind text = KindByPath(link);
  Require(static_cast<size_t>(text) < kFdKinds, "a kind by its text");
  if (text == FdKind::kDeleted) Require(link.ends_with(" (deleted)"), "deleted: it says so");
  return 0;
}
