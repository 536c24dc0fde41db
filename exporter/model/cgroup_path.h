// What the path of a cgroup says about what runs in it. Pure.
//
// Container runtimes and systemd name cgroups by conventions of their own, one for each driver
// (cgroupfs or systemd); the sources are cited in cgroup_path.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace memleak {

// What a cgroup is by its name. A limited one that is none of the first three counts as a slice.
enum class CgroupKind : uint8_t { kOther, kContainer, kPod, kUnit, kSlice };

enum class ContainerRuntime : uint8_t { kUnknown, kContainerd, kCriO, kDocker, kPodman };

// Whatever lies inside a container belongs to it: slices and units there, those of a systemd that
// runs in the container, are kOther and no `unit`. A monitor of a container (conmon) is neither the
// container nor a unit.
struct CgroupName {
  CgroupKind kind = CgroupKind::kOther;  // of the last component
  std::string unit;          // the outermost systemd unit on the path (.service, .scope that is not
                             // a container's), as systemd writes it; empty for none
  std::string pod_uid;       // of the nearest pod on the path, with dashes; empty for none
  std::string container_id;  // of the nearest container on the path, unless a pod is nearer (a node
                             // of containers in a container); empty for none
  ContainerRuntime runtime = ContainerRuntime::kUnknown;  // of that container

  bool operator==(const CgroupName&) const = default;
};

// `path` starts with "/" and is that of the memory hierarchy, as /proc/PID/cgroup shows it; the
// "/../.." of a private cgroup namespace in front is accepted. Never fails: what is not understood
// is kOther. The `unit` may hold any bytes but NUL and "/".
CgroupName ParseCgroupPath(std::string_view path);

// Whether `text` is what all four runtimes give their containers for an id: 64 hexadecimal digits,
// lower case.
bool IsContainerId(std::string_view text);

// Whether `text` is a pod's uid as the kubelet writes it: a UUID, or the 32 hexadecimal digits of a
// static pod. Lower case.
bool IsPodUid(std::string_view text);

}  // namespace memleak
