// What the costly reads of one process have in common: they may block as long as that process
// likes, so they run on SlowReads only, and stop at a deadline where they can.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "exporter/host/read_status.h"

namespace memleak {

enum class EvidenceKind : uint8_t { kFds, kMappings, kJvm };
inline constexpr size_t kEvidenceKinds = 3;
// By the collectors that show them.
inline constexpr std::array<std::string_view, kEvidenceKinds> kEvidenceKindNames = {
    "fd_kinds", "mappings", "jvm"};

// How a read ended, the label values of memleak_scrape_evidence_reads_total.
enum class EvidenceResult : uint8_t {
  kOk,
  kCut,        // too large or too slow: what is shown says so, or nothing is shown
  kGone,       // the process ended
  kDenied,     // the kernel refused
  kMalformed,  // not what it should be, or not safe to read
  kLate,       // the time for such reads was used up: first in the next round
};
inline constexpr std::array<std::string_view, 6> kEvidenceResultNames = {
    "ok", "cut", "gone", "denied", "malformed", "late"};

constexpr EvidenceResult EvidenceResultOf(ReadStatus status) {
  switch (status) {
    case ReadStatus::kOk:
      return EvidenceResult::kOk;
    case ReadStatus::kGone:
      return EvidenceResult::kGone;
    case ReadStatus::kDenied:
      return EvidenceResult::kDenied;
    case ReadStatus::kMalformed:
      break;
  }
  return EvidenceResult::kMalformed;
}

using EvidenceDeadline = std::chrono::steady_clock::time_point;

}  // namespace memleak
