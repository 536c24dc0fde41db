// What the path of a cgroup says about what runs in it. Pure.
//
// Container runtimes and systemd name cgroups by conventions of their own, one for each driver
// (cgroupfs or systemd); the sources are cited in cgroup_path.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace memleak {

// What a cgroup is by its name. A limited one that is none of the first three counts as a slice.
enum class CgroupKind : uint8_t { kOther, kContainer, kPod, kUnit, kSlice };

enum class ContainerRuntime : uint8_t { kUnknown, kContainerd, kCriO, kDocker, kPodman };

struct CgroupName {
  CgroupKind kind = CgroupKind::kOther;  // of the last component
  std::string unit;     // the outermost systemd unit on the path (.service, .scope that is not a
                        // container's), as systemd writes it; empty for none
  std::string pod_uid;  // of the nearest pod on the path, with dashes; empty for none
  std::string container_id;  // of the nearest container on the path; empty for none
  ContainerRuntime runtime = ContainerRuntime::kUnknown;  // of that container
};

// `path` starts with "/" and is that of the memory hierarchy, as /proc/PID/cgroup shows it; the
// "/../.." of a private cgroup namespace in front is accepted. Never fails: what is not understood
// is kOther.
CgroupName ParseCgroupPath(std::string_view path);

// The workload that a pod belongs to, by the names that Kubernetes' controllers give their pods:
// the hash of a ReplicaSet and of the pod, the ordinal of a StatefulSet, the time of a CronJob are
// stripped. `pod_uid` and `node` tell static pods, whose names end in the node's name; both may be
// empty.
std::string WorkloadOf(std::string_view pod, std::string_view pod_uid, std::string_view node);

}  // namespace memleak
