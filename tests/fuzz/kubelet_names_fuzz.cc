// Names of files and containers that are meant to be the kubelet's, and the workload by a pod's
// name. Input: the node's name, a newline, the name.
#include <optional>

#include "exporter/model/cgroup_path.h"
#include "exporter/model/kubelet_names.h"
#include "exporter/model/workload.h"
#include "tests/fuzz/property.h"

namespace {

using namespace memleak;

void Check(const std::optional<KubeletName>& name, bool has_uid, bool has_id) {
  if (!name) return;
  Require(IsDnsLabel(name->name_space), "a namespace is a label");
  Require(IsDnsSubdomain(name->pod), "a pod is a subdomain");
  Require(name->container.empty() || IsDnsLabel(name->container), "a container is a label");
  Require(has_uid ? IsPodUid(name->pod_uid) : name->pod_uid.empty(), "a uid is one");
  Require(has_id ? IsContainerId(name->container_id) : name->container_id.empty(), "an id is one");
}

void CheckWorkload(std::string_view pod, std::string_view uid, std::string_view node) {
  const std::string workload = WorkloadOf(pod, uid, node);
  Require(pod.starts_with(workload), "a workload's name is the front of its pod's");
  Require(workload.empty() == pod.empty(), "a workload has a name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = InputText(data, size);
  const std::string_view node = TakeField(text);
  Check(ParsePodLogDirectory(text), true, false);
  Check(ParseContainerLog(text), false, true);
  Check(ParseRuntimeName(text), true, false);
  CheckWorkload(text, "", node);
  CheckWorkload(text, "9f2c4b7ad1e83560aa17c3f0e4d2b695", node);
  return 0;
}
