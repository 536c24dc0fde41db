// State files of Docker, Podman and CRI-O: a whole document or nothing.
#include <string>
#include <vector>

#include "exporter/host/container/container_storage.h"
#include "exporter/host/container/docker_config.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto config = ParseDockerConfig(text);
  if (config) {
    for (const std::string* value : {&config->name, &config->pod_name, &config->pod_namespace,
                                     &config->pod_uid, &config->container_name}) {
      Require(value->size() <= text.size(), "a name is no longer than its file");
      Require(IsUtf8(*value) || value->find('\0') != std::string::npos, "JSON is UTF-8");
    }
  }
  size_t bytes = 0;
  const bool whole = ForEachStoredContainer(
      text, [&](std::string_view id, std::string_view name) { bytes += id.size() + name.size(); });
  Require(whole == config.has_value(), "both read the same language");
  Require(bytes <= text.size(), "what is visited stands in the file");
  return 0;
}
