// Names of containers without asking anybody's API: from the folders and links that the kubelet
// keeps below /var/log, and from the state files of Docker, Podman and CRI-O.
//
// Reading those may block (a dead network file system, ten thousand pods), so it happens on helper
// threads of its own; what is known is looked up here in memory. One thread but for the inbox.
//
// Containers below a user's own systemd (user@UID.service) have no names: what they are called
// stands in that user's home, and their cgroups carry whatever id the user likes, a stranger's too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/model/cgroup_path.h"

namespace memleak {

// Empty fields are unknown. All are valid UTF-8 of at most 253 bytes.
struct ContainerName {
  std::string name_space;
  std::string pod;
  std::string container;
  std::string workload;  // in Kubernetes only

  bool operator==(const ContainerName&) const = default;
};

class ContainerNames {
 public:
  // What is unknown is looked for in the next pass again, then after pauses that double up to this.
  static constexpr double kLongestPauseSeconds = 60;
  // Docker's and Podman's names can be changed: how often they are read again.
  static constexpr double kVerifySeconds = 60;
  // What nobody asked for in that long is forgotten.
  static constexpr double kKeepSeconds = 300;
  // More are not looked for.
  static constexpr size_t kMaxEntries = 20'000;

  // `rootfs` is where the host's / is mounted; `node_name` as in LookUpContainers. Nothing is read
  // before the first Find.
  explicit ContainerNames(const std::string& rootfs, std::string_view node_name = {});
  ~ContainerNames();
  ContainerNames(const ContainerNames&) = delete;
  ContainerNames& operator=(const ContainerNames&) = delete;

  // Takes what the helper has read since. True when any name that was asked for became known or
  // changed: the caller then asks again for all.
  bool Update();

  // The names of a container or, without a container's id, of a pod. Nothing when unknown: then
  // they are looked for until the next Update, and again, less and less often, for as long as the
  // caller asks in every pass. Valid until the next Update. `now` in monotonic seconds.
  const ContainerName* Find(const CgroupName& cgroup, double now);

  // Starts the reads that Find asked for in this pass and forgets what nobody asked for in a while.
  void EndPass(double now);

  // Waits for the reads that were started, at most `patience_seconds` (at the start, and tests).
  void WaitIdle(double patience_seconds);

  // Reads that are past their deadline and have not come back.
  int stuck() const;
  // Looks at what a runtime keeps that were refused, since the start.
  uint64_t denied() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace memleak
