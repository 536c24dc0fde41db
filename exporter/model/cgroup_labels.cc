#include "exporter/model/cgroup_labels.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

// FNV-1a, 64 bits: the same in every run and on every host.
uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  return hash;
}

// What ends like a label with a hash gets one, too, or it could pass for another cgroup.
constexpr char kHashMark = '#';
bool HasHashMark(std::string_view path) { return path.find(kHashMark) != std::string_view::npos; }

}  // namespace

std::string_view KindLabel(CgroupKind kind) {
  switch (kind) {
    case CgroupKind::kContainer:
      return "container";
    case CgroupKind::kPod:
      return "pod";
    case CgroupKind::kUnit:
      return "unit";
    case CgroupKind::kSlice:
    case CgroupKind::kOther:
      break;
  }
  return "slice";
}

std::string CgroupLabel(std::string_view path) {
  if (path.empty()) return "/";
  std::string label = ValidUtf8(path);
  if (label == path && !HasHashMark(path)) return label;
  constexpr size_t kDigits = 16;
  std::array<char, kDigits> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), Hash(path), 16).ptr;
  const auto size = static_cast<size_t>(end - digits.data());
  label = ValidUtf8(path, kMaxLabelValueBytes - kDigits - 1);
  label += kHashMark;
  label.append(kDigits - size, '0');
  label.append(digits.data(), size);
  return label;
}

bool MayShareLabel(std::string_view path) { return !path.empty() && CgroupLabel(path) != path; }

void RenderLabels(Cgroup& cgroup) {
  std::string_view group;
  if (cgroup.group != nullptr && !cgroup.several_groups && !cgroup.incomplete) {
    group = cgroup.group->name;
  }
  if (!cgroup.labels.empty() && cgroup.labelled_kind == cgroup.kind &&
      cgroup.labelled_stamp == cgroup.stamp && cgroup.labelled_group == group) {
    return;
  }
  cgroup.labelled_kind = cgroup.kind;
  cgroup.labelled_stamp = cgroup.stamp;
  cgroup.labelled_group = group;
  cgroup.labels.clear();
  AppendLabel(cgroup.labels, "cgroup", CgroupLabel(cgroup.path));
  AppendLabel(cgroup.labels, "kind", KindLabel(*cgroup.kind));
  AppendKnownLabel(cgroup.labels, "unit", cgroup.name.unit);
  AppendKnownLabel(cgroup.labels, "namespace", cgroup.names.name_space);
  AppendKnownLabel(cgroup.labels, "pod", cgroup.names.pod);
  AppendKnownLabel(cgroup.labels, "container", cgroup.names.container);
  AppendKnownLabel(cgroup.labels, "group", group);
}

}  // namespace memleak
