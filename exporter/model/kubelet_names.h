// Kubernetes' names in the names that the kubelet gives to files and to containers. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace memleak {

// Parts of the text that was parsed; what it does not say is empty. All are what Kubernetes allows:
// a namespace and a container are DNS labels, a pod is a DNS subdomain, ids as cgroup_path.h has
// them.
struct KubeletName {
  std::string_view name_space;
  std::string_view pod;
  std::string_view pod_uid;
  std::string_view container;
  std::string_view container_id;
};

// A directory in /var/log/pods: <namespace>_<pod>_<uid> (pkg/kubelet/kuberuntime/helpers.go,
// BuildPodLogsDirectory).
std::optional<KubeletName> ParsePodLogDirectory(std::string_view name);

// A link in /var/log/containers: <pod>_<namespace>_<container>-<id>.log
// (pkg/kubelet/kuberuntime/legacy.go). One that was cut to 255 characters has lost its id and is
// nothing.
std::optional<KubeletName> ParseContainerLog(std::string_view name);

// What dockershim, cri-dockerd (naming.go) and CRI-O (server/naming.go, internal/factory/container)
// name a container: k8s_<container>_<pod>_<namespace>_<uid>_<attempt>. A pod's sandbox is "POD"
// there and has no container here.
std::optional<KubeletName> ParseRuntimeName(std::string_view name);

// As apimachinery's IsDNS1123Label and IsDNS1123Subdomain: lower case, at most 63 and 253 bytes,
// and the parts of a subdomain may be longer than a label.
bool IsDnsLabel(std::string_view text);
bool IsDnsSubdomain(std::string_view text);

}  // namespace memleak
