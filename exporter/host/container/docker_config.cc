#include "exporter/host/container/docker_config.h"

#include "exporter/host/container/json_scan.h"

namespace memleak {
namespace {

class ConfigVisitor : public JsonVisitor {
 public:
  void OnString(const JsonPath& path, std::string_view value) override {
    if (path.size() == 1 && path[0] == "Name") {
      if (value.starts_with('/')) value.remove_prefix(1);
      config.name = value;
    } else if (path.size() == 3 && path[0] == "Config" && path[1] == "Labels") {
      OnLabel(path[2], value);
    }
  }
  void OnObjectEnd(const JsonPath&) override {}

  DockerConfig config;

 private:
  void OnLabel(std::string_view label, std::string_view value) {
    if (label == "io.kubernetes.pod.namespace") {
      config.pod_namespace = value;
    } else if (label == "io.kubernetes.pod.name") {
      config.pod_name = value;
    } else if (label == "io.kubernetes.pod.uid") {
      config.pod_uid = value;
    } else if (label == "io.kubernetes.container.name") {
      config.container_name = value;
    } else if (label == "io.kubernetes.docker.type") {
      config.sandbox = value == "podsandbox";
    }
  }
};

}  // namespace

std::optional<DockerConfig> ParseDockerConfig(std::string_view text) {
  ConfigVisitor visitor;
  if (!ScanJson(text, visitor)) return std::nullopt;
  return visitor.config;
}

}  // namespace memleak
