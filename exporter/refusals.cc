#include "exporter/refusals.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/capabilities.h"
#include "exporter/log.h"
#include "exporter/model/snapshot.h"

namespace memleak {
namespace {

struct Capability {
  unsigned number;
  std::string_view name;
};
// Whether another user's process may be looked into, another user's files, and the kernel's log.
constexpr Capability kPtrace{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"};
constexpr Capability kFiles{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"};
constexpr Capability kLog{CAP_SYSLOG, "CAP_SYSLOG"};

// By DeniedField. What everybody may read of a process is refused under hidepid only.
constexpr std::array<Capability, kDeniedFieldNames.size()> kNeeds = {
    kPtrace, kPtrace, kFiles, kPtrace, kPtrace, kPtrace, kFiles, kFiles, kLog, kFiles};

std::vector<Capability> NeedsOf(EvidenceKind kind) {
  if (kind == EvidenceKind::kMappings) return {kPtrace};
  return {kPtrace, kFiles};
}

void Say(std::string_view what, const std::vector<Capability>& needs) {
  std::string missing;
  for (const Capability& capability : needs) {
    if (HasCapability(capability.number)) continue;
    if (!missing.empty()) missing += " and ";
    missing += capability.name;
  }
  if (missing.empty()) missing = "nothing that it has not: a security module or a sandbox refuses";
  Log(LogLevel::kInfo, "some reads are refused; what they would tell is absent",
      {{"field", std::string(what)}, {"needs", missing}});
}

void SayIfMissing(std::string_view flag, const std::string& path, std::string_view what) {
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return;
  Log(LogLevel::kWarn, "nothing is to be seen there: is it mounted?",
      {{"flag", std::string(flag)}, {"path", path}, {"absent", std::string(what)}});
}

}  // namespace

void Refusals::Look(const Snapshot& snapshot) {
  for (size_t field = 0; field < kNeeds.size(); ++field) {
    if (snapshot.denied[field] == 0 || said_[field]) continue;
    said_.set(field);
    Say(kDeniedFieldNames[field], {kNeeds[field]});
  }
  constexpr auto kDenied = static_cast<size_t>(EvidenceResult::kDenied);
  for (size_t kind = 0; kind < kEvidenceKinds; ++kind) {
    if (snapshot.evidence_reads[kind][kDenied] == 0 || said_of_evidence_[kind]) continue;
    said_of_evidence_.set(kind);
    Say(kEvidenceKindNames[kind], NeedsOf(static_cast<EvidenceKind>(kind)));
  }
}

void SayWhatIsMissing(const Options::Paths& path) {
  SayIfMissing("--path.sysfs", path.sysfs, "cgroups");
  SayIfMissing("--path.rootfs", path.rootfs, "names of containers and users");
}

}  // namespace memleak
