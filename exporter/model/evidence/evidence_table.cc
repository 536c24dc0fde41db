#include "exporter/model/evidence/evidence_table.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

#include "exporter/host/evidence/fd_kinds.h"
#include "exporter/host/evidence/jvm_heap.h"
#include "exporter/host/evidence/mappings.h"
#include "exporter/host/process/process_identity.h"
#include "exporter/host/procfs.h"

namespace memleak {

namespace {

using EvidenceValue = std::variant<std::monostate, FdKinds, Mappings, JvmHeap>;

}  // namespace

struct EvidenceTable::Found {
  Process* process;  // may live another life by now: compare
  uint64_t life;
  EvidenceKind kind;
  EvidenceResult result;
  EvidenceValue value;
};

// Where the helper threads leave what they read. Outlives the table if one of them is stuck.
struct EvidenceTable::Inbox {
  std::mutex mutex;
  std::vector<Found> found;
};

namespace {

using Clock = std::chrono::steady_clock;

// A read that can stop by itself does so well before it is taken for stuck.
constexpr std::chrono::milliseconds kReadPatience{500};
constexpr SlowReads::Limits kReads = {
    .deadline = std::chrono::milliseconds(2000), .max_stuck = 4, .max_queue = 4096};
constexpr std::string_view kJava = "java";

UniqueFd Keep(int directory) {
  UniqueFd kept(fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!kept) throw std::system_error(errno, std::generic_category(), "cannot keep proc open");
  return kept;
}

uint64_t ResidentOf(const Process& process) {
  return process.sample.memory.Get(MemoryField::kResident).value_or(0);
}

Evidence::Reading& ReadingOf(Evidence& evidence, EvidenceKind kind) {
  return evidence.readings[static_cast<size_t>(kind)];
}

EvidenceResult Read(EvidenceKind kind, int process, uint64_t resident, EvidenceDeadline deadline,
                    EvidenceValue& value) {
  switch (kind) {
    case EvidenceKind::kFds:
      return ReadFdKinds(process, deadline, value.emplace<FdKinds>());
    case EvidenceKind::kMappings:
      if (resident > Mappings::kMaxResident) return EvidenceResult::kCut;
      return ReadMappings(process, deadline, value.emplace<Mappings>());
    case EvidenceKind::kJvm:
      break;
  }
  return ReadJvmHeap(process, value.emplace<JvmHeap>());
}

}  // namespace

EvidenceTable::EvidenceTable(Settings settings, int proc_root)
    : settings_(std::move(settings)),
      proc_root_(std::make_shared<const UniqueFd>(Keep(proc_root))),
      inbox_(std::make_shared<Inbox>()),
      slow_reads_(kReads) {}

EvidenceTable::~EvidenceTable() = default;

void EvidenceTable::Update(const Needs& needs, const std::vector<Process*>& exported,
                           const PassTime& now) {
  TakeFound(now.monotonic);
  due_.clear();
  FindMembersOfSuspects(exported);
  for (Process* process : exported) {
    const bool asked_about = IsAskedAbout(*process);
    const bool fds = needs.fd_kinds && asked_about;
    const bool mappings = needs.mappings && asked_about;
    const bool jvm = needs.jvm && process->names.runtime == kJava;
    if (!fds && !mappings && !jvm && process->evidence == nullptr) continue;
    if (process->evidence == nullptr) process->evidence = std::make_unique<Evidence>();

    Evidence& evidence = *process->evidence;
    const auto fresh = [&](bool wanted, double time) {
      return wanted && now.monotonic - time <= kStalePeriods * settings_.period_seconds;
    };
    evidence.fds.shown = fresh(fds, evidence.fds.last_time);
    evidence.mappings.shown = fresh(mappings, evidence.mappings.last_time);
    evidence.jvm.heap.shown = fresh(jvm, evidence.jvm.heap.last_time);
    if (fds) LookFor(*process, EvidenceKind::kFds, settings_.period_seconds, now.monotonic);
    if (mappings) {
      LookFor(*process, EvidenceKind::kMappings, settings_.period_seconds, now.monotonic);
    }
    if (jvm) LookFor(*process, EvidenceKind::kJvm, 0, now.monotonic);
  }
  // Those that waited longest, and the largest of these.
  std::sort(due_.begin(), due_.end(), [](const Due& a, const Due& b) {
    return std::tuple(a.asked, b.resident) < std::tuple(b.asked, a.resident);
  });
  const EvidenceDeadline round_ends = Clock::now() + settings_.budget;
  for (const Due& due : due_) Ask(due, &due == &due_.front(), round_ends, now.monotonic);
}

void EvidenceTable::FindMembersOfSuspects(const std::vector<Process*>& exported) {
  members_of_suspects_.clear();
  for (const Process* process : exported) {
    if (process->group == nullptr || !process->group->tracked.standing.suspect) continue;
    const auto same_group = [&](const Process* other) { return other->group == process->group; };
    const auto other =
        std::find_if(members_of_suspects_.begin(), members_of_suspects_.end(), same_group);
    if (other == members_of_suspects_.end()) {
      members_of_suspects_.push_back(process);
    } else if (std::tuple(process->tracked.standing.suspect, ResidentOf(*process)) >
               std::tuple((*other)->tracked.standing.suspect, ResidentOf(**other))) {
      *other = process;
    }
  }
}

bool EvidenceTable::IsAskedAbout(const Process& process) const {
  return process.tracked.standing.suspect || settings_.groups.contains(process.names.group) ||
         std::find(members_of_suspects_.begin(), members_of_suspects_.end(), &process) !=
             members_of_suspects_.end();
}

void EvidenceTable::LookFor(Process& process, EvidenceKind kind, double period, double now) {
  const Evidence::Reading& reading = ReadingOf(*process.evidence, kind);
  if (reading.under_way || now - reading.asked < std::max(period, reading.pause)) return;
  due_.push_back({&process, kind, reading.asked, ResidentOf(process)});
}

void EvidenceTable::Ask(const Due& due, bool first, EvidenceDeadline round_ends, double now) {
  const Process& process = *due.process;
  auto job = [kind = due.kind, to = due.process, life = process.life, pid = process.sample.pid,
              start_ticks = process.sample.start_ticks, resident = due.resident, first, round_ends,
              budget = settings_.budget, root = proc_root_, inbox = inbox_] {
    Found found{to, life, kind, EvidenceResult::kLate, {}};
    const EvidenceDeadline start = Clock::now();
    // The first has the whole budget, however long it took to get here: some progress is made.
    const EvidenceDeadline ends = first ? start + budget : round_ends;
    if (start < ends) {
      const PidDir directory(root->get(), pid);
      ReadStatus status = directory.status();
      if (status == ReadStatus::kOk) status = CheckIdentity(directory.fd(), start_ticks);
      found.result = EvidenceResultOf(status);
      if (status == ReadStatus::kOk) {
        const EvidenceDeadline deadline = std::min(ends, start + kReadPatience);
        found.result = Read(kind, directory.fd(), resident, deadline, found.value);
      }
      // One that found the others before it had used up the time may do better as the first.
      if (kind == EvidenceKind::kMappings && found.result == EvidenceResult::kCut &&
          resident <= Mappings::kMaxResident && !first) {
        found.result = EvidenceResult::kLate;
      }
    }
    const std::lock_guard lock(inbox->mutex);
    inbox->found.push_back(std::move(found));
  };
  Evidence::Reading& reading = ReadingOf(*due.process->evidence, due.kind);
  if (!slow_reads_.Submit(std::move(job))) return;
  reading.under_way = true;
  reading.asked = now;
}

double EvidenceTable::PauseAfter(EvidenceKind kind, EvidenceResult result, double pause) const {
  const double period = settings_.period_seconds;
  // What costs much and ends in nothing is tried ever less often.
  if (kind == EvidenceKind::kMappings && result == EvidenceResult::kCut) {
    return std::clamp(2 * pause, period, kLongestPausePeriods * period);
  }
  if (result == EvidenceResult::kLate) return pause;
  // Not every JVM has a file that may be read, and that seldom changes.
  const bool in_vain = result != EvidenceResult::kOk;
  return kind == EvidenceKind::kJvm && in_vain ? period : 0;
}

void EvidenceTable::TakeFound(double now) {
  {
    const std::lock_guard lock(inbox_->mutex);
    found_.swap(inbox_->found);
  }
  for (Found& found : found_) {
    ++counts_[static_cast<size_t>(found.kind)][static_cast<size_t>(found.result)];
    Process& process = *found.process;
    if (process.life != found.life || process.evidence == nullptr) continue;
    Evidence& evidence = *process.evidence;
    Evidence::Reading& reading = ReadingOf(evidence, found.kind);
    reading.under_way = false;
    const bool cut = found.result == EvidenceResult::kCut;
    // What is late was not tried: it keeps its place at the front.
    if (found.result == EvidenceResult::kLate) reading.asked = Evidence::Reading::kNever;
    reading.pause = PauseAfter(found.kind, found.result, reading.pause);
    if (found.result != EvidenceResult::kOk && !(cut && found.kind == EvidenceKind::kFds)) continue;
    if (auto* fds = std::get_if<FdKinds>(&found.value)) {
      evidence.fds.Take(std::move(*fds), now);
    }
    if (auto* mappings = std::get_if<Mappings>(&found.value)) {
      evidence.mappings.Take(*mappings, now);
    }
    if (auto* heap = std::get_if<JvmHeap>(&found.value)) {
      evidence.jvm.Add(*heap, now);
      if (evidence.jvm.heap.first_time == now) {
        evidence.footprint_before = process.sample.memory.Footprint();
      }
    }
  }
  found_.clear();
}

}  // namespace memleak
