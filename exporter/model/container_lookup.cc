#include "exporter/model/container_lookup.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "exporter/host/container/container_storage.h"
#include "exporter/host/container/docker_config.h"
#include "exporter/host/directory.h"
#include "exporter/model/kubelet_names.h"
#include "exporter/model/label_text.h"
#include "exporter/model/workload.h"

namespace memleak {
namespace {

using Clock = std::chrono::steady_clock;
using Questions = std::vector<ContainerQuestion>;
using Answers = std::vector<ContainerAnswer>;

constexpr size_t kMaxNameBytes = 253;

// What the kubelet calls this node when nobody tells it otherwise: the host's name in lower case
// (pkg/util/node, GetHostname).
std::string NodeName(const RootedFiles& files, std::string_view given) {
  std::string text(given);
  if (text.empty()) text = files.Read("etc/hostname", 4096).value_or("");
  text.resize(std::min(text.find_first_of(" \t\n"), text.size()));
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return IsDnsSubdomain(text) ? text : "";
}

// A name of Docker's or Podman's: both allow no others (moby: daemon/names/names.go; libpod:
// define.NameRegex).
bool IsPlainName(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && alphanumeric(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

ContainerName NamesOf(const KubeletName& name, std::string_view pod_uid, std::string_view node) {
  return {std::string(name.name_space), std::string(name.pod), std::string(name.container),
          WorkloadOf(name.pod, pod_uid, node)};
}

// Whether what is known about the container may belong to the pod on its cgroup's path.
bool BelongsTo(const ContainerQuestion& question, std::string_view pod_uid) {
  return question.pod_uid.empty() || question.pod_uid == pod_uid;
}

std::optional<ContainerName> PlainName(std::string_view name) {
  if (!IsPlainName(name)) return std::nullopt;
  ContainerName result;
  result.container = ValidUtf8(name, kMaxNameBytes);
  return result;
}

// Calls `visit(name)` for the entries of a directory.
template <typename Visit>
void ForEachName(const RootedFiles& files, const std::string& path, const LookupLimits& limits,
                 Clock::time_point deadline, Visit&& visit) {
  const UniqueFd directory = files.OpenDirectory(path);
  if (!directory) return;
  std::vector<char> buffer(64 * 1024);
  size_t entries = 0;
  ForEachEntry(directory.get(), buffer, [&](const char* name, uint8_t) {
    visit(std::string_view(name));
    return ++entries < limits.max_entries && (entries % 1024 != 0 || Clock::now() < deadline);
  });
}

// The names of entries say it all: no link is followed, and nothing is opened but the two
// directories.
class KubeletLookup {
 public:
  KubeletLookup(const Questions& questions, std::string node)
      : questions_(questions), node_(std::move(node)), found_(questions.size()) {
    for (size_t i = 0; i < questions.size(); ++i) {
      if (!questions[i].pod_uid.empty()) by_pod_.emplace(questions[i].pod_uid, i);
      if (!questions[i].container_id.empty()) by_container_.emplace(questions[i].container_id, i);
    }
  }

  void OnPodDirectory(std::string_view entry) {
    const auto name = ParsePodLogDirectory(entry);
    if (!name) return;
    const auto [begin, end] = by_pod_.equal_range(name->pod_uid);
    for (auto it = begin; it != end; ++it) {
      found_[it->second] = NamesOf(*name, name->pod_uid, node_);
    }
  }

  void OnContainerLog(std::string_view entry) {
    const auto name = ParseContainerLog(entry);
    if (!name) return;
    const auto [begin, end] = by_container_.equal_range(name->container_id);
    for (auto it = begin; it != end; ++it) {
      std::optional<ContainerName>& found = found_[it->second];
      if (!found) {
        found = NamesOf(*name, questions_[it->second].pod_uid, node_);
      } else if (found->name_space == name->name_space && found->pod == name->pod) {
        found->container = name->container;
      }
    }
  }

  Answers Take() {
    Answers answers;
    for (size_t i = 0; i < found_.size(); ++i) {
      if (found_[i]) answers.push_back({i, std::move(*found_[i])});
    }
    return answers;
  }

 private:
  const Questions& questions_;
  const std::string node_;
  std::unordered_multimap<std::string_view, size_t> by_pod_;
  std::unordered_multimap<std::string_view, size_t> by_container_;
  std::vector<std::optional<ContainerName>> found_;
};

Answers AskKubelet(const RootedFiles& files, const Questions& questions, const LookupLimits& limits,
                   Clock::time_point deadline, const std::string& node) {
  KubeletLookup lookup(questions, node);
  // Pods first: they tell to which pod a container has to belong.
  ForEachName(files, "var/log/pods", limits, deadline,
              [&](std::string_view name) { lookup.OnPodDirectory(name); });
  ForEachName(files, "var/log/containers", limits, deadline,
              [&](std::string_view name) { lookup.OnContainerLog(name); });
  return lookup.Take();
}

std::optional<ContainerName> NamesOfDocker(const DockerConfig& config,
                                           const ContainerQuestion& question,
                                           std::string_view node) {
  KubeletName labels;
  labels.name_space = config.pod_namespace;
  labels.pod = config.pod_name;
  if (!config.sandbox) labels.container = config.container_name;
  if (IsDnsLabel(labels.name_space) && IsDnsSubdomain(labels.pod) && IsPodUid(config.pod_uid) &&
      (labels.container.empty() || IsDnsLabel(labels.container))) {
    if (!BelongsTo(question, config.pod_uid)) return std::nullopt;
    return NamesOf(labels, config.pod_uid, node);
  }
  if (const auto name = ParseRuntimeName(config.name)) {
    if (!BelongsTo(question, name->pod_uid)) return std::nullopt;
    return NamesOf(*name, name->pod_uid, node);
  }
  return PlainName(config.name);
}

Answers AskDocker(const RootedFiles& files, const Questions& questions, const LookupLimits& limits,
                  Clock::time_point deadline, const std::string& node) {
  Answers answers;
  for (size_t i = 0; i < questions.size() && Clock::now() < deadline; ++i) {
    // Anybody may name a cgroup; what becomes part of a path is an id and nothing else.
    if (!IsContainerId(questions[i].container_id)) continue;
    const auto text =
        files.Read("var/lib/docker/containers/" + questions[i].container_id + "/config.v2.json",
                   limits.max_config_bytes);
    if (!text) continue;
    const auto config = ParseDockerConfig(*text);
    if (!config) continue;
    if (auto name = NamesOfDocker(*config, questions[i], node)) {
      answers.push_back({i, std::move(*name)});
    }
  }
  return answers;
}

std::optional<ContainerName> NamesOfStored(std::string_view stored,
                                           const ContainerQuestion& question,
                                           std::string_view node) {
  if (question.runtime == ContainerRuntime::kPodman) return PlainName(stored);
  const auto name = ParseRuntimeName(stored);
  if (!name || !BelongsTo(question, name->pod_uid)) return std::nullopt;
  return NamesOf(*name, name->pod_uid, node);
}

Answers AskStorage(const RootedFiles& files, const Questions& questions, const LookupLimits& limits,
                   Clock::time_point deadline, const std::string& node) {
  // Root's storage, and what is gone after a boot (containers-storage.conf(5): graphroot, runroot);
  // the folders are named by the storage driver.
  constexpr std::string_view kFiles[] = {
      "var/lib/containers/storage/*-containers/containers.json",
      "var/lib/containers/storage/*-containers/volatile-containers.json",
      "run/containers/storage/*-containers/volatile-containers.json"};
  constexpr std::string_view kDrivers[] = {"overlay", "vfs", "btrfs", "zfs"};

  std::unordered_multimap<std::string_view, size_t> by_container;
  for (size_t i = 0; i < questions.size(); ++i) {
    if (!questions[i].container_id.empty()) by_container.emplace(questions[i].container_id, i);
  }
  Answers answers;
  for (const std::string_view file : kFiles) {
    for (const std::string_view driver : kDrivers) {
      if (Clock::now() >= deadline) return answers;
      std::string path(file);
      path.replace(path.find('*'), 1, driver);
      const auto text = files.Read(path, limits.max_storage_bytes);
      if (!text) continue;
      Answers of_file;
      const bool whole =
          ForEachStoredContainer(*text, [&](std::string_view id, std::string_view stored) {
            const auto [begin, end] = by_container.equal_range(id);
            for (auto it = begin; it != end; ++it) {
              if (auto name = NamesOfStored(stored, questions[it->second], node)) {
                of_file.push_back({it->second, std::move(*name)});
              }
            }
          });
      if (whole) answers.insert(answers.end(), of_file.begin(), of_file.end());
    }
  }
  return answers;
}

}  // namespace

std::vector<ContainerAnswer> LookUpContainers(NameSource source, const RootedFiles& files,
                                              const std::vector<ContainerQuestion>& questions,
                                              const LookupLimits& limits,
                                              std::string_view node_name) {
  const std::string node = NodeName(files, node_name);
  const Clock::time_point deadline = Clock::now() + limits.patience;
  switch (source) {
    case NameSource::kKubelet:
      return AskKubelet(files, questions, limits, deadline, node);
    case NameSource::kDocker:
      return AskDocker(files, questions, limits, deadline, node);
    case NameSource::kStorage:
      break;
  }
  return AskStorage(files, questions, limits, deadline, node);
}

}  // namespace memleak
