// The conventions, by who follows them. Names in angle brackets stand for what varies.
//
// kubelet (Kubernetes: pkg/kubelet/cm/cgroup_manager_linux.go, ToCgroupfs and ToSystemd;
// pod_container_manager_linux.go; static pods' uids: pkg/kubelet/config/common.go):
//   cgroupfs: /kubepods[/burstable|/besteffort]/pod<uid>, the root prefixed by --cgroup-root
//   systemd:  /kubepods.slice[/kubepods-burstable.slice]/kubepods[-burstable]-pod<uid>.slice, the
//             uid's dashes as underscores; below --cgroup-root=/kubelet, as in kind, every name
//             starts with "kubelet-"
// containerd (internal/cri/server/podsandbox/helpers.go, getCgroupsPath) below the pod:
//   cgroupfs: <id>        systemd: cri-containerd-<id>.scope
//   A containerd that uses cgroupfs while the kubelet uses systemd takes what was meant for systemd
//   as a name: kubepods-pod<uid>.slice:cri-containerd:<id>, at the root or in containerd's own
//   cgroup.
// CRI-O (internal/config/cgmgr: cgroupfs_linux.go, systemd_linux.go) below the pod:
//   cgroupfs: crio-<id>   systemd: crio-<id>.scope; the monitor: crio-conmon-<id>[.scope]
// Docker and cri-dockerd (moby: daemon/oci_linux.go, withCgroups), below the pod or
// --cgroup-parent:
//   cgroupfs: <id>, by default in /docker
//   systemd:  docker-<id>.scope, by default in system.slice, rootless in the user's user.slice
// Podman (libpod/container_internal_linux.go and oci_conmon_linux.go; podman-run(1), --cgroups):
//   cgroupfs: /libpod_parent[/<pod's id>]/libpod-<id>
//   systemd:  machine.slice[/machine-libpod_pod_<pod's id>.slice]/libpod-<id>.scope, rootless in
//             the user's user.slice; --cgroups=split (Quadlet): <unit>.service/libpod-payload-<id>
//   the monitor: libpod-conmon-<id>[.scope]; crun adds a child named "container"
// nerdctl (pkg/cmd/container/create.go): <namespace>/<id>, or nerdctl-<id>.scope.
// systemd units and slices: systemd.unit(5), systemd.slice(5).
#include "exporter/model/cgroup_path.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace memleak {
namespace {

constexpr size_t kContainerIdLength = 64;

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsUuid(std::string_view text, char separator) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool at_separator = i == 8 || i == 13 || i == 18 || i == 23;
    if (at_separator ? text[i] != separator : !IsHexDigit(text[i])) return false;
  }
  return true;
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

struct Naming {
  std::string_view prefix;
  ContainerRuntime runtime;
};
constexpr Naming kContainerNamings[] = {{"cri-containerd", ContainerRuntime::kContainerd},
                                        {"nerdctl", ContainerRuntime::kContainerd},
                                        {"crio", ContainerRuntime::kCriO},
                                        {"docker", ContainerRuntime::kDocker},
                                        {"libpod", ContainerRuntime::kPodman},
                                        {"libpod-payload", ContainerRuntime::kPodman}};
constexpr std::string_view kMonitors[] = {"crio-conmon", "libpod-conmon"};

struct Container {
  std::string_view id;
  ContainerRuntime runtime;
};

// The container that `prefix` and `id` name together.
std::optional<Container> ContainerOf(std::string_view prefix, std::string_view id) {
  if (!IsContainerId(id)) return std::nullopt;
  for (const Naming& naming : kContainerNamings) {
    if (naming.prefix == prefix) return Container{id, naming.runtime};
  }
  return std::nullopt;
}

// Splits "<prefix>-<id>", with or without ".scope". False when it does not end in an id.
bool SplitId(std::string_view component, std::string_view& prefix, std::string_view& id) {
  TakeSuffix(component, ".scope");
  if (component.size() <= kContainerIdLength) return false;
  id = component.substr(component.size() - kContainerIdLength);
  prefix = component.substr(0, component.size() - kContainerIdLength);
  return TakeSuffix(prefix, "-") && IsContainerId(id);
}

std::optional<Container> ParseContainer(std::string_view component, std::string_view parent) {
  if (IsContainerId(component)) {
    // Podman's pods have such an id, too.
    if (parent == "libpod_parent") return std::nullopt;
    return Container{component,
                     parent == "docker" ? ContainerRuntime::kDocker : ContainerRuntime::kUnknown};
  }
  if (const size_t colon = component.rfind(':'); colon != std::string_view::npos) {
    std::string_view prefix = component.substr(0, colon);
    const size_t before = prefix.rfind(':');
    if (before == std::string_view::npos) return std::nullopt;
    prefix.remove_prefix(before + 1);
    return ContainerOf(prefix, component.substr(colon + 1));
  }
  std::string_view prefix;
  std::string_view id;
  if (!SplitId(component, prefix, id)) return std::nullopt;
  return ContainerOf(prefix, id);
}

bool IsMonitor(std::string_view component) {
  std::string_view prefix;
  std::string_view id;
  return SplitId(component, prefix, id) &&
         std::find(std::begin(kMonitors), std::end(kMonitors), prefix) != std::end(kMonitors);
}

// The uid of a pod in a slice's name, without its ".slice"; empty for none.
std::string PodUidOfSlice(std::string_view name) {
  const size_t at = name.rfind("-pod");
  if (at == std::string_view::npos) return "";
  std::string_view owner = name.substr(0, at);
  if (!TakeSuffix(owner, "-burstable")) TakeSuffix(owner, "-besteffort");
  if (owner != "kubepods" && !owner.ends_with("-kubepods")) return "";
  std::string uid(name.substr(at + 4));
  if (IsUuid(uid, '_')) std::replace(uid.begin(), uid.end(), '_', '-');
  return IsPodUid(uid) ? uid : "";
}

// The uid in the name of a pod's own cgroup; empty for none.
std::string ParsePod(std::string_view component) {
  if (TakeSuffix(component, ".slice")) return PodUidOfSlice(component);
  if (TakePrefix(component, "pod") && IsPodUid(component)) return std::string(component);
  return "";
}

// The uid in front of the colons of "kubepods-pod<uid>.slice:cri-containerd:<id>".
std::string PodUidOfColons(std::string_view component) {
  const size_t colon = component.find(':');
  if (colon == std::string_view::npos) return "";
  std::string_view slice = component.substr(0, colon);
  TakeSuffix(slice, ".slice");
  return PodUidOfSlice(slice);
}

void TakeContainer(const Container& container, std::string_view component, CgroupName& name) {
  name.kind = CgroupKind::kContainer;
  name.container_id = container.id;
  name.runtime = container.runtime;
  if (std::string uid = PodUidOfColons(component); !uid.empty()) name.pod_uid = std::move(uid);
}

void TakePod(std::string uid, CgroupName& name) {
  name.kind = CgroupKind::kPod;
  name.pod_uid = std::move(uid);
  name.container_id.clear();
  name.runtime = ContainerRuntime::kUnknown;
}

void TakeComponent(std::string_view component, std::string_view parent, bool in_container,
                   CgroupName& name) {
  name.kind = CgroupKind::kOther;
  if (const auto container = ParseContainer(component, parent)) {
    TakeContainer(*container, component, name);
  } else if (std::string uid = ParsePod(component); !uid.empty()) {
    TakePod(std::move(uid), name);
  } else if (in_container || IsMonitor(component)) {
    return;
  } else if (component.ends_with(".slice")) {
    name.kind = CgroupKind::kSlice;
  } else if (component.ends_with(".service") || component.ends_with(".scope")) {
    name.kind = CgroupKind::kUnit;
    if (name.unit.empty()) name.unit = component;
  }
}

}  // namespace

bool IsContainerId(std::string_view text) {
  return text.size() == kContainerIdLength && std::all_of(text.begin(), text.end(), IsHexDigit);
}

bool IsPodUid(std::string_view text) {
  return IsUuid(text, '-') ||
         (text.size() == 32 && std::all_of(text.begin(), text.end(), IsHexDigit));
}

CgroupName ParseCgroupPath(std::string_view path) {
  CgroupName name;
  std::string_view parent;
  bool in_container = false;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (component.empty()) continue;
    TakeComponent(component, parent, in_container, name);
    in_container = in_container || name.kind == CgroupKind::kContainer;
    parent = component;
  }
  return name;
}

}  // namespace memleak
