#include "exporter/host/process/memory_details.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "exporter/host/evidence/mappings.h"
#include "exporter/host/file_reader.h"
#include "exporter/host/process/process_identity.h"
#include "exporter/host/procfs.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

using Clock = std::chrono::steady_clock;

struct Regions {
  std::vector<Region> regions;
  std::string_view missing;
};

Regions ReadRegions(int root, int32_t pid, uint64_t start_ticks, Clock::time_point deadline) {
  const auto missing = [](std::string_view why) { return Regions{{}, why}; };
  const PidDir process(root, pid);
  if (process.status() == ReadStatus::kDenied) return missing("denied");
  if (process.status() != ReadStatus::kOk) return missing("gone");
  if (CheckIdentity(process.fd(), start_ticks) != ReadStatus::kOk) return missing("gone");
  Mappings sums;
  LargestRegions largest;
  const EvidenceResult result = ReadMappings(process.fd(), deadline, sums, &largest);
  switch (result) {
    case EvidenceResult::kOk:
      break;
    case EvidenceResult::kCut:
      return missing(Clock::now() >= deadline ? "late" : "too large");
    case EvidenceResult::kGone: {
      const bool there = CheckIdentity(process.fd(), start_ticks) == ReadStatus::kOk;
      return missing(there ? "no memory" : "gone");
    }
    case EvidenceResult::kDenied:
      return missing("denied");
    case EvidenceResult::kLate:
      return missing("late");
    case EvidenceResult::kMalformed:
      return missing("malformed");
  }
  if (CheckIdentity(process.fd(), start_ticks) != ReadStatus::kOk) return missing("gone");
  return {largest.regions(), {}};
}

std::vector<StatusLine> ReadStatusLines(int root, int32_t pid, uint64_t start_ticks) {
  const PidDir process(root, pid);
  if (process.status() != ReadStatus::kOk) return {};
  if (CheckIdentity(process.fd(), start_ticks) != ReadStatus::kOk) return {};
  FileReader reader;
  std::string_view text;
  if (reader.Read(process.fd(), "status", text) != ReadStatus::kOk) return {};
  return ParseMemoryLines(text);
}

}  // namespace

// Shared with the jobs: one that is late comes back to it long after the owner has gone.
struct MemoryDetailsReader::State {
  struct Reading {
    int32_t pid = 0;
    uint64_t start_ticks = 0;
    uint64_t number = 0;
    Clock::time_point asked;
    std::optional<Regions> found;  // none while it is under way

    bool IsOf(int32_t other_pid, uint64_t other_start) const {
      return pid == other_pid && start_ticks == other_start;
    }
  };

  explicit State(int proc_root) : root(fcntl(proc_root, F_DUPFD_CLOEXEC, 0)) {
    if (!root) throw std::system_error(errno, std::generic_category(), "cannot keep proc open");
  }

  // Those below: under the lock.
  Reading* Find(int32_t pid, uint64_t start_ticks) {
    const auto found = std::find_if(readings.begin(), readings.end(), [&](const Reading& reading) {
      return reading.IsOf(pid, start_ticks);
    });
    return found != readings.end() ? &*found : nullptr;
  }
  void Forget(Clock::time_point now) {
    std::erase_if(readings, [&](const Reading& reading) {
      return reading.found && now - reading.asked >= kKeep;
    });
    if (readings.size() < kMaxKept) return;
    const auto oldest = std::find_if(readings.begin(), readings.end(),
                                     [](const Reading& reading) { return reading.found; });
    if (oldest != readings.end()) readings.erase(oldest);
  }
  // Whether another one may be begun: one at a time, and what is late counts no longer.
  bool MayBegin(Clock::time_point now) const {
    size_t late = 0;
    for (const Reading& reading : readings) {
      if (reading.found) continue;
      if (now - reading.asked < kDeadline) return false;
      ++late;
    }
    return late < kMaxLate;
  }

  const UniqueFd root;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Reading> readings;
  uint64_t numbers = 0;
};

MemoryDetailsReader::MemoryDetailsReader(int proc_root)
    : state_(std::make_shared<State>(proc_root)) {}

MemoryDetailsReader::~MemoryDetailsReader() = default;

MemoryDetails MemoryDetailsReader::Read(int32_t pid, uint64_t start_ticks,
                                        std::optional<uint64_t> resident) {
  MemoryDetails details;
  details.status = ReadStatusLines(state_->root.get(), pid, start_ticks);
  if (resident.value_or(0) > Mappings::kMaxResident) {
    details.regions_missing = "too large";
    return details;
  }

  std::unique_lock lock(state_->mutex);
  const Clock::time_point now = Clock::now();
  state_->Forget(now);
  State::Reading* reading = state_->Find(pid, start_ticks);
  if (reading == nullptr) {
    if (!state_->MayBegin(now)) {
      details.regions_missing = "reading";
      return details;
    }
    const uint64_t number = ++state_->numbers;
    state_->readings.push_back({pid, start_ticks, number, now, std::nullopt});
    reading = &state_->readings.back();
    auto job = [state = state_, pid, start_ticks, number, deadline = now + kDeadline] {
      Regions regions = ReadRegions(state->root.get(), pid, start_ticks, deadline);
      const std::lock_guard job_lock(state->mutex);
      for (State::Reading& each : state->readings) {
        if (each.number != number) continue;
        each.found = std::move(regions);
        break;
      }
      state->changed.notify_all();
    };
    if (!slow_reads_.Submit(std::move(job))) reading->found = Regions{{}, "reading"};
  }
  const uint64_t number = reading->number;
  const Clock::time_point deadline = reading->asked + kDeadline;
  const auto ready = [&] {
    reading = state_->Find(pid, start_ticks);
    return reading == nullptr || reading->number != number || reading->found.has_value();
  };
  details.reading = number;
  if (!state_->changed.wait_until(lock, deadline, ready) || reading == nullptr || !reading->found) {
    details.regions_missing = "late";
    return details;
  }
  details.regions = reading->found->regions;
  details.regions_missing = reading->found->missing;
  return details;
}

}  // namespace memleak
