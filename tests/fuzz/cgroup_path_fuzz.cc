// Paths of cgroups: whoever may create a cgroup may name it.
#include "exporter/model/cgroup_path.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view path = InputText(data, size);
  const CgroupName name = ParseCgroupPath(path);
  Require(name.container_id.empty() || IsContainerId(name.container_id), "an id is one");
  Require(path.find(name.container_id) != std::string_view::npos, "an id stands on the path");
  Require(name.pod_uid.empty() || IsPodUid(name.pod_uid), "a uid is one");
  Require(path.find(name.unit) != std::string_view::npos, "a unit stands on the path");
  Require(name.unit.find('/') == std::string::npos, "a unit is one component");
  Require((name.kind == CgroupKind::kContainer) <= !name.container_id.empty(),
          "a container has an id");
  Require((name.kind == CgroupKind::kPod) <= !name.pod_uid.empty(), "a pod has a uid");
  Require((name.kind == CgroupKind::kUnit) <= !name.unit.empty(), "a unit has a name");
  Require((name.runtime != ContainerRuntime::kUnknown) <= !name.container_id.empty(),
          "a runtime is that of a container");
  // What lies below something in a container is in that container, or in one or a pod further in.
  const CgroupName below = ParseCgroupPath(std::string(path) + "/child");
  Require(below.kind == CgroupKind::kOther, "an ordinary name is none of ours");
  Require(below.container_id == name.container_id && below.pod_uid == name.pod_uid &&
              below.unit == name.unit,
          "a child is where its parent is");
  return 0;
}
