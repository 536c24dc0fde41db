// What was found out about one process that is suspected, beyond what every process tells.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "exporter/host/evidence/evidence_read.h"
#include "exporter/host/evidence/fd_kinds.h"
#include "exporter/host/evidence/mappings.h"
#include "exporter/model/evidence/jvm_history.h"
#include "exporter/model/evidence/observed.h"

namespace memleak {

struct Evidence {
  Observed<FdKinds> fds;
  Observed<Mappings> mappings;
  JvmHistory jvm;
  std::optional<uint64_t> footprint_before;  // when the JVM's heap was read first

  // How its reads go, one for each kind.
  struct Reading {
    static constexpr double kNever = -1e18;
    double asked = kNever;  // monotonic seconds, when it was read last, or tried
    double pause = 0;       // seconds from then until it is read again; grows while it is cut
    bool under_way = false;
  };
  std::array<Reading, kEvidenceKinds> readings{};
};

}  // namespace memleak
