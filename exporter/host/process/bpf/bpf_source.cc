#include "exporter/host/process/bpf/bpf_source.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

#include "exporter/host/process/proc_stat.h"

namespace memleak {
namespace {

// Bits of task_struct.__state and .exit_state, and what /proc/PID/stat calls them
// (include/linux/sched.h; fs/proc/array.c).
constexpr uint32_t kIdle = 0x402;
constexpr uint32_t kReported = 0x7f;

char StateOf(uint32_t state) {
  if (state == kIdle) return 'I';
  constexpr std::string_view kLetters = "RSDTtXZP";
  const uint32_t reported = state & kReported;
  // Of several bits the highest counts.
  size_t letter = 0;
  for (uint32_t rest = reported; rest != 0; rest >>= 1) ++letter;
  return kLetters[letter];
}

void SetMemory(const TaskRecord& record, uint64_t page_bytes, MemoryBytes& memory) {
  const auto pages = [&](MemoryField field, uint64_t count) {
    memory.Set(field, count * page_bytes);
  };
  const auto file = static_cast<uint64_t>(record.rss[MEMLEAK_RSS_FILE]);
  const auto anon = static_cast<uint64_t>(record.rss[MEMLEAK_RSS_ANON]);
  const auto shmem = static_cast<uint64_t>(record.rss[MEMLEAK_RSS_SHMEM]);
  const uint64_t resident = file + anon + shmem;
  pages(MemoryField::kResident, resident);
  pages(MemoryField::kAnon, anon);
  pages(MemoryField::kFile, file);
  pages(MemoryField::kShmem, shmem);
  pages(MemoryField::kSwap, static_cast<uint64_t>(record.rss[MEMLEAK_RSS_SWAP]));
  // The kernel takes peaks down only when the figure is about to fall (fs/proc/task_mmu.c).
  pages(MemoryField::kPeakResident, std::max<uint64_t>(record.peak_resident, resident));
  pages(MemoryField::kVirtual, record.total);
  pages(MemoryField::kPeakVirtual, std::max<uint64_t>(record.peak_total, record.total));
  pages(MemoryField::kData, record.data);
  pages(MemoryField::kStack, record.stack);
  pages(MemoryField::kLocked, record.locked);
  pages(MemoryField::kPinned, record.pinned);
  memory.Set(MemoryField::kPageTable, record.page_table_bytes);
  // Mapped executable pages are the program's own code or of libraries.
  const uint64_t begin = record.code_begin / page_bytes;
  const uint64_t end = (record.code_end + page_bytes - 1) / page_bytes;
  const uint64_t own = std::min<uint64_t>(end - std::min(begin, end), record.executable);
  pages(MemoryField::kExe, own);
  pages(MemoryField::kLib, record.executable - own);
}

TaskIterator::Wanted WantedOf(const Needs& needs) {
  TaskIterator::Wanted wanted{.memory = needs.memory, .fds = needs.fds};
  if (needs.cgroup_ids == Needs::CgroupIds::kVersion1) wanted.cgroup = MEMLEAK_CGROUP_V1;
  if (needs.cgroup_ids == Needs::CgroupIds::kVersion2) wanted.cgroup = MEMLEAK_CGROUP_V2;
  return wanted;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ProcessSample SampleOf(const TaskRecord& record, const Needs& needs, uint64_t page_bytes,
                       uint64_t ticks_per_second) {
  constexpr uint64_t kNanoseconds = 1'000'000'000;
  const uint64_t tick_ns = kNanoseconds / ticks_per_second;
  ProcessSample sample;
  sample.pid = record.pid;
  sample.start_ticks = record.start_ns / tick_ns;
  sample.comm.Assign({record.comm, strnlen(record.comm, sizeof(record.comm))});
  sample.state = StateOf(record.state);
  sample.kernel_thread = (record.pf_flags & kPfKthread) != 0;
  sample.arg_start = record.arg_start;
  sample.cgroup_id = record.cgroup_id;
  sample.cpu_ticks = record.cpu_ns / tick_ns;
  sample.major_faults = record.major_faults;
  sample.threads = record.threads;
  // What follows is as procfs_source.cc has it: nothing of those without memory of their own.
  if (sample.kernel_thread || sample.state == 'Z' || sample.state == 'X') return sample;
  if (needs.memory) {
    sample.uid = record.uid;
    if ((record.flags & MEMLEAK_TASK_HAS_MEMORY) != 0) {
      SetMemory(record, page_bytes, sample.memory);
    }
  }
  if (needs.fds) sample.open_fds = record.open_fds;
  return sample;
}

BpfSource::BpfSource(std::unique_ptr<TaskIterator> tasks, ProcFs& procfs, ProcfsSource& files)
    : tasks_(std::move(tasks)),
      procfs_(procfs),
      files_(files),
      page_bytes_(static_cast<uint64_t>(sysconf(_SC_PAGESIZE))),
      ticks_per_second_(static_cast<uint64_t>(sysconf(_SC_CLK_TCK))) {}

std::unique_ptr<BpfSource> BpfSource::Make(std::unique_ptr<TaskIterator> tasks, ProcFs& procfs,
                                           ProcfsSource& files, std::string& why) {
  auto source = std::make_unique<BpfSource>(std::move(tasks), procfs, files);
  if (!source->AgreesOnItself(why)) return nullptr;
  return source;
}

bool BpfSource::AgreesOnItself(std::string& why) {
  Needs needs;
  needs.processes = needs.memory = true;
  if (!tasks_->Read({.memory = true}, records_, why)) return false;
  const int32_t own = getpid();
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [&](const auto* record) { return record->pid == own; });
  ProcessSample expected;
  if (found == records_.end() || files_.ReadOne(own, needs, expected) != ReadStatus::kOk) {
    why = "the task iterator does not show this very process";
    return false;
  }
  const ProcessSample sample = SampleOf(**found, needs, page_bytes_, ticks_per_second_);
  // Started at another time, in a time namespace; another user, in a user namespace.
  if (sample.start_ticks != expected.start_ticks || sample.uid != expected.uid) {
    why = "the task iterator counts time or users otherwise than " + procfs_.path();
    return false;
  }
  // Nothing else stands still while both look. What is not where it was thought to be is far off.
  constexpr uint64_t kMovesBy = uint64_t{16} << 20;
  const uint64_t said = sample.memory.Get(MemoryField::kResident).value_or(0);
  const uint64_t resident = expected.memory.Get(MemoryField::kResident).value_or(0);
  if (said == 0 || std::max(said, resident) - std::min(said, resident) > kMovesBy) {
    why = "the task iterator does not understand how this kernel counts memory";
    return false;
  }
  return true;
}

bool BpfSource::FindAbsent() {
  const double now = Now();
  constexpr double kListEvery = 60;
  if (now >= next_listing_) {
    if (!procfs_.ListPids(listed_)) {
      error_ = procfs_.path() + " cannot be listed";
      return false;
    }
    next_listing_ = now + kListEvery;
    std::vector<int32_t> both;
    both.reserve(known_.size() + listed_.size());
    std::set_union(known_.begin(), known_.end(), listed_.begin(), listed_.end(),
                   std::back_inserter(both));
    known_.swap(both);
  }
  absent_.clear();
  auto record = records_.begin();
  for (const int32_t pid : known_) {
    while (record != records_.end() && (*record)->pid < pid) ++record;
    if (record == records_.end() || (*record)->pid != pid) absent_.push_back(pid);
  }
  return true;
}

bool BpfSource::Read(const Needs& needs, ProcessSink& sink) {
  if (!tasks_->Read(WantedOf(needs), records_, error_)) return false;
  if (!FindAbsent()) return false;
  known_.clear();

  ProcessSample sample;
  // One that is absent mostly ended. It is asked for all the same: a process whose thread is taking
  // over in an exec has no leader for a moment, and a kernel may hide some from its iterator.
  auto absent = absent_.begin();
  const auto read_absent = [&](int32_t below) {
    for (; absent != absent_.end() && *absent < below; ++absent) {
      const ReadStatus status = files_.ReadOne(*absent, needs, sample);
      if (status == ReadStatus::kGone) continue;
      known_.push_back(*absent);
      if (status == ReadStatus::kOk) {
        sink.OnProcess(sample);
      } else {
        sink.OnUnreadable(*absent, status);
      }
    }
  };
  for (const TaskRecord* const told : records_) {
    const TaskRecord& record = *told;
    read_absent(record.pid);
    known_.push_back(record.pid);
    constexpr uint32_t kCut = MEMLEAK_TASK_FDS_CUT | MEMLEAK_TASK_THREADS_CUT;
    if ((record.flags & kCut) == 0) {
      sink.OnProcess(SampleOf(record, needs, page_bytes_, ticks_per_second_));
      continue;
    }
    const ReadStatus status = files_.ReadOne(record.pid, needs, sample);
    if (status == ReadStatus::kOk) {
      sample.cgroup_id = record.cgroup_id;
      sink.OnProcess(sample);
    } else {
      sink.OnUnreadable(record.pid, status);
    }
  }
  read_absent(INT32_MAX);
  return true;
}

}  // namespace memleak
