#include "exporter/model/kubelet_names.h"

#include <algorithm>
#include <cstddef>

#include "exporter/model/cgroup_path.h"

namespace memleak {
namespace {

bool IsLowerAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Takes what stands before the next underscore off `text`, or all of it.
std::string_view TakePart(std::string_view& text) {
  const size_t end = text.find('_');
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// A dot-less part of a name.
bool IsNamePart(std::string_view text) {
  return !text.empty() && IsLowerAlphanumeric(text.front()) && IsLowerAlphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLowerAlphanumeric(c) || c == '-'; });
}

bool IsPod(std::string_view name_space, std::string_view pod) {
  return IsDnsLabel(name_space) && IsDnsSubdomain(pod);
}

}  // namespace

bool IsDnsLabel(std::string_view text) { return text.size() <= 63 && IsNamePart(text); }

bool IsDnsSubdomain(std::string_view text) {
  if (text.size() > 253) return false;
  for (;;) {
    const size_t dot = text.find('.');
    if (!IsNamePart(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::optional<KubeletName> ParsePodLogDirectory(std::string_view name) {
  KubeletName result;
  result.name_space = TakePart(name);
  result.pod = TakePart(name);
  result.pod_uid = name;
  if (!IsPod(result.name_space, result.pod) || !IsPodUid(name)) return std::nullopt;
  return result;
}

std::optional<KubeletName> ParseContainerLog(std::string_view name) {
  constexpr std::string_view kSuffix = ".log";
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  KubeletName result;
  result.pod = TakePart(name);
  result.name_space = TakePart(name);
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  result.container = name.substr(0, dash);
  result.container_id = name.substr(dash + 1);
  if (!IsPod(result.name_space, result.pod) || !IsDnsLabel(result.container) ||
      !IsContainerId(result.container_id)) {
    return std::nullopt;
  }
  return result;
}

std::optional<KubeletName> ParseRuntimeName(std::string_view name) {
  if (TakePart(name) != "k8s") return std::nullopt;
  KubeletName result;
  result.container = TakePart(name);
  result.pod = TakePart(name);
  result.name_space = TakePart(name);
  result.pod_uid = TakePart(name);
  if (!IsPod(result.name_space, result.pod) || !IsPodUid(result.pod_uid)) return std::nullopt;
  if (result.container == "POD") {
    result.container = {};
  } else if (!IsDnsLabel(result.container)) {
    return std::nullopt;
  }
  return result;
}

}  // namespace memleak
