// The workload behind a pod's name. Pure.
#pragma once

#include <string>
#include <string_view>

namespace memleak {

// The workload that a pod belongs to, by the names that Kubernetes' controllers give their pods:
// the hash of a ReplicaSet and of the pod, the ordinal of a StatefulSet, the time of a CronJob are
// stripped. `pod_uid` and `node` tell static pods, whose names end in the node's name; both may be
// empty. A name that merely looks generated is stripped as well: names alone cannot tell. The
// result is a prefix of `pod`, never empty unless `pod` is.
std::string WorkloadOf(std::string_view pod, std::string_view pod_uid, std::string_view node);

}  // namespace memleak
