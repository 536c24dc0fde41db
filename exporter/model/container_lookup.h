// What the files of a node say about containers that were asked for. Blocks: for helper threads.
//
// Sizes, entries and time are bounded; what is malformed, too large, no regular file or not named
// as its writer would name it is as if it were not there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/container/rooted_files.h"
#include "exporter/model/cgroup_path.h"
#include "exporter/model/container_names.h"

namespace memleak {

struct ContainerQuestion {
  std::string container_id;  // empty: the pod's name is asked for
  std::string pod_uid;       // may be empty
  ContainerRuntime runtime = ContainerRuntime::kUnknown;
};

struct ContainerAnswer {
  size_t question;  // index
  ContainerName name;
};

// Where names are kept, each read on its own.
enum class NameSource : uint8_t { kKubelet, kDocker, kStorage };
inline constexpr size_t kNameSources = 3;

struct LookupLimits {
  size_t max_entries = 100'000;                 // of one directory
  size_t max_config_bytes = size_t{1} << 20;    // of one container of Docker's
  size_t max_storage_bytes = size_t{16} << 20;  // of all containers of Podman or CRI-O
  std::chrono::milliseconds patience{1000};     // what is not read by then stays unknown
};

// Answers what `source` knows; nothing for a question that it knows nothing about. With a pod's uid
// asked for, an answer belongs to that pod. `node_name` ends the names of static pods; empty: what
// etc/hostname says.
std::vector<ContainerAnswer> LookUpContainers(NameSource source, const RootedFiles& files,
                                              const std::vector<ContainerQuestion>& questions,
                                              const LookupLimits& limits = {},
                                              std::string_view node_name = {});

}  // namespace memleak
