// What dockerd keeps about a container: containers/<id>/config.v2.json below its data root (moby:
// container/container.go, CheckpointTo). Pure; bytes as they stand in the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace memleak {

struct DockerConfig {
  std::string name;  // without its "/"

  // Labels that dockershim and cri-dockerd set (kubernetes: pkg/kubelet/types/labels.go); empty
  // where there are none.
  std::string pod_namespace;
  std::string pod_name;
  std::string pod_uid;
  std::string container_name;
  bool sandbox = false;  // holds the pod's namespaces
};

// Nothing when `text` is not JSON.
std::optional<DockerConfig> ParseDockerConfig(std::string_view text);

}  // namespace memleak
