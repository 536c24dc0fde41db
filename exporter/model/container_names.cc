#include "exporter/model/container_names.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exporter/host/container/rooted_files.h"
#include "exporter/host/slow_reads.h"
#include "exporter/model/container_lookup.h"

namespace memleak {
namespace {

// How long one look at one source may take before it counts as stuck. What it reads it bounds
// itself; only a file system that hangs takes longer.
constexpr std::chrono::milliseconds kDeadline{2000};

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// What one source said about an entry, and when it is asked again.
struct Asked {
  std::optional<ContainerName> answer;
  bool wanted = false;  // whether the source may know at all
  double next = 0;      // monotonic seconds
  double pause = 0;
};

struct Entry {
  ContainerQuestion question;
  std::array<Asked, kNameSources> asked;
  ContainerName name;    // of all answers
  uint64_t pass = 0;     // of the last Find
  double last_find = 0;  // monotonic seconds

  bool known() const { return !(name == ContainerName{}); }
  bool complete() const {
    if (question.container_id.empty()) return !name.pod.empty();
    return !name.container.empty() && (question.pod_uid.empty() || !name.pod.empty());
  }
};

// Answers are told by key: an entry may have been forgotten and made anew meanwhile.
struct Report {
  NameSource source;
  double asked_at;  // monotonic seconds
  std::vector<std::string> keys;
  std::vector<ContainerAnswer> answers;
  bool denied;
};

struct Inbox {
  std::mutex mutex;
  std::vector<Report> reports;
};

bool MayKnow(NameSource source, const ContainerQuestion& question) {
  const ContainerRuntime runtime = question.runtime;
  switch (source) {
    case NameSource::kKubelet:
      return runtime != ContainerRuntime::kPodman;
    case NameSource::kDocker:
      return !question.container_id.empty() &&
             (runtime == ContainerRuntime::kDocker || runtime == ContainerRuntime::kUnknown);
    case NameSource::kStorage:
      break;
  }
  return runtime == ContainerRuntime::kPodman || runtime == ContainerRuntime::kCriO;
}

// The kubelet's word counts first; a pod's namespace, name and workload come from one source.
ContainerName Merge(const std::array<Asked, kNameSources>& asked) {
  ContainerName name;
  for (const Asked& source : asked) {
    if (!source.answer) continue;
    const ContainerName& answer = *source.answer;
    if (name.pod.empty()) {
      name.name_space = answer.name_space;
      name.pod = answer.pod;
      name.workload = answer.workload;
    }
    const bool same_pod =
        answer.pod.empty() || (answer.pod == name.pod && answer.name_space == name.name_space);
    if (name.container.empty() && same_pod) name.container = answer.container;
  }
  return name;
}

bool IsRootless(const CgroupName& cgroup) { return cgroup.unit.starts_with("user@"); }

}  // namespace

struct ContainerNames::State {
  State(std::string root, std::string_view node) : rootfs(std::move(root)), node_name(node) {}

  bool Due(const Entry& entry, NameSource source, double now) const;
  static bool Rides(const Entry& entry, NameSource source);
  void Start(NameSource source, double now);
  bool Take(const Report& report);

  const std::string rootfs;
  const std::string node_name;
  SlowReads slow_reads{{.deadline = kDeadline, .max_stuck = 4, .max_queue = 16}};
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries;
  // A source that is stuck is not asked again before it has come back.
  std::array<bool, kNameSources> in_flight{};
  uint64_t pass = 0;
  std::vector<Report> taken;
  uint64_t denied = 0;
  std::string key;  // reused
};

ContainerNames::ContainerNames(const std::string& rootfs, std::string_view node_name)
    : state_(std::make_unique<State>(rootfs, node_name)) {}

ContainerNames::~ContainerNames() = default;

// Whether it is time to ask, for the sake of this entry.
bool ContainerNames::State::Due(const Entry& entry, NameSource source, double now) const {
  const Asked& asked = entry.asked[static_cast<size_t>(source)];
  if (!asked.wanted || now < asked.next || entry.pass != pass) return false;
  if (!entry.complete()) return true;
  // Kubernetes' names never change; the others' may, where they are the ones that count.
  const auto& kubelet = entry.asked[static_cast<size_t>(NameSource::kKubelet)].answer;
  return source != NameSource::kKubelet && asked.answer && (!kubelet || kubelet->container.empty());
}

// Whether it is asked when others are: one look answers for all that is not known.
bool ContainerNames::State::Rides(const Entry& entry, NameSource source) {
  return entry.asked[static_cast<size_t>(source)].wanted && !entry.complete();
}

void ContainerNames::State::Start(NameSource source, double now) {
  std::vector<ContainerQuestion> questions;
  std::vector<std::string> keys;
  for (auto& [entry_key, entry] : entries) {
    if (!Due(entry, source, now) && !Rides(entry, source)) continue;
    Asked& asked = entry.asked[static_cast<size_t>(source)];
    asked.next = now + (entry.complete() ? kVerifySeconds : asked.pause);
    asked.pause = std::clamp(asked.pause * 2, 1.0, kLongestPauseSeconds);
    questions.push_back(entry.question);
    keys.push_back(entry_key);
  }
  auto job = [source, now, root = rootfs, node = node_name, questions = std::move(questions),
              keys = std::move(keys), to = inbox]() mutable {
    Report report{source, now, std::move(keys), {}, false};
    try {
      const RootedFiles files(root);
      report.answers = LookUpContainers(source, files, questions, {}, node);
      report.denied = files.denied();
    } catch (const std::exception&) {
      // No memory to be had now: what is unknown stays so until the next look.
    }
    const std::lock_guard lock(to->mutex);
    to->reports.push_back(std::move(report));
  };
  in_flight[static_cast<size_t>(source)] = slow_reads.Submit(std::move(job));
}

bool ContainerNames::State::Take(const Report& report) {
  const auto source = static_cast<size_t>(report.source);
  in_flight[source] = false;
  if (report.denied) ++denied;
  bool changed = false;
  for (const ContainerAnswer& answer : report.answers) {
    const auto found = entries.find(report.keys[answer.question]);
    if (found == entries.end()) continue;
    Entry& entry = found->second;
    Asked& asked = entry.asked[source];
    asked.answer = answer.name;
    ContainerName name = Merge(entry.asked);
    if (name == entry.name) continue;
    entry.name = std::move(name);
    if (entry.complete()) asked.next = report.asked_at + kVerifySeconds;
    changed = true;
  }
  return changed;
}

bool ContainerNames::Update() {
  {
    const std::lock_guard lock(state_->inbox->mutex);
    state_->taken.swap(state_->inbox->reports);
  }
  bool changed = false;
  for (const Report& report : state_->taken) changed = state_->Take(report) || changed;
  state_->taken.clear();
  return changed;
}

const ContainerName* ContainerNames::Find(const CgroupName& cgroup, double now) {
  if ((cgroup.container_id.empty() && cgroup.pod_uid.empty()) || IsRootless(cgroup)) {
    return nullptr;
  }
  std::string& key = state_->key;
  key.assign(cgroup.container_id);
  key += '/';
  key += cgroup.pod_uid;
  auto found = state_->entries.find(key);
  if (found == state_->entries.end()) {
    if (state_->entries.size() >= kMaxEntries) return nullptr;
    found = state_->entries.emplace(key, Entry{}).first;
    Entry& entry = found->second;
    entry.question = {cgroup.container_id, cgroup.pod_uid, cgroup.runtime};
    for (size_t source = 0; source < kNameSources; ++source) {
      entry.asked[source].wanted = MayKnow(static_cast<NameSource>(source), entry.question);
      entry.asked[source].next = now;
    }
  }
  Entry& entry = found->second;
  entry.pass = state_->pass;
  entry.last_find = now;
  return entry.known() ? &entry.name : nullptr;
}

void ContainerNames::EndPass(double now) {
  std::erase_if(state_->entries,
                [&](const auto& item) { return now - item.second.last_find >= kKeepSeconds; });
  for (size_t source = 0; source < kNameSources; ++source) {
    if (state_->in_flight[source]) continue;
    const auto due = [&](const auto& item) {
      return state_->Due(item.second, static_cast<NameSource>(source), now);
    };
    if (std::any_of(state_->entries.begin(), state_->entries.end(), due)) {
      state_->Start(static_cast<NameSource>(source), now);
    }
  }
  ++state_->pass;
}

void ContainerNames::WaitIdle(double patience_seconds) {
  state_->slow_reads.WaitIdle(
      std::chrono::milliseconds(static_cast<int64_t>(patience_seconds * 1000)));
}

int ContainerNames::stuck() const { return state_->slow_reads.stuck(); }

uint64_t ContainerNames::denied() const { return state_->denied; }

}  // namespace memleak
