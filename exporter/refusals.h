// Says in the log, once each, what the kernel refuses to this exporter and which permission would
// change that (capabilities(7), ptrace(2)). How often is in memleak_scrape_reads_denied_total and
// memleak_scrape_evidence_reads_total; of which process is said nowhere.
//
// One thread.
#pragma once

#include <bitset>

#include "exporter/config/options.h"
#include "exporter/host/evidence/evidence_read.h"
#include "exporter/host/process/process_source.h"

namespace memleak {

struct Snapshot;

class Refusals {
 public:
  void Look(const Snapshot& snapshot);

 private:
  std::bitset<kDeniedFieldNames.size()> said_;
  std::bitset<kEvidenceKinds> said_of_evidence_;
};

// Warns of a tree of the host that is not where the flags say: a mount that was forgotten. (Without
// --path.procfs nothing starts.)
void SayWhatIsMissing(const Options::Paths& path);

}  // namespace memleak
