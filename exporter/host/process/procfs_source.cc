#include "exporter/host/process/procfs_source.h"

#include "exporter/host/process/proc_limits.h"
#include "exporter/host/process/proc_stat.h"
#include "exporter/host/process/proc_status.h"

namespace memleak {

ReadStatus ProcfsSource::Noted(ReadStatus status, DeniedField field) {
  if (status == ReadStatus::kDenied) ++denied_[static_cast<size_t>(field)];
  return status;
}

ReadStatus ProcfsSource::ReadStat(const PidDir& process, ProcessSample& sample) {
  std::string_view text;
  const ReadStatus status = reader_.Read(process.fd(), "stat", text);
  if (status != ReadStatus::kOk) return Noted(status, DeniedField::kStat);
  const auto stat = ParseProcStat(text);
  // A line that names another pid (a wrong copy, a stray bind mount) identifies nobody.
  if (!stat || stat->pid != sample.pid) return ReadStatus::kMalformed;
  sample.start_ticks = stat->start_ticks;
  sample.comm.Assign(stat->comm);
  sample.state = stat->state;
  sample.kernel_thread = (stat->flags & kPfKthread) != 0;
  sample.arg_start = stat->arg_start;
  sample.cpu_ticks = stat->user_ticks + stat->system_ticks;
  sample.major_faults = stat->major_faults;
  sample.threads = stat->threads;
  return ReadStatus::kOk;
}

ReadStatus ProcfsSource::ReadOne(int32_t pid, const Needs& needs, ProcessSample& sample) {
  const PidDir process(procfs_.fd(), pid);
  if (process.status() != ReadStatus::kOk) return Noted(process.status(), DeniedField::kStat);
  sample = ProcessSample{};
  sample.pid = pid;
  if (const ReadStatus status = ReadStat(process, sample); status != ReadStatus::kOk) return status;

  // A kernel thread has no memory and no descriptors of its own, a zombie has them no longer.
  const bool has_memory = !sample.kernel_thread && sample.state != 'Z' && sample.state != 'X';
  if (has_memory && needs.memory) {
    std::string_view text;
    const ReadStatus read = Noted(reader_.Read(process.fd(), "status", text), DeniedField::kStatus);
    if (read == ReadStatus::kGone || read == ReadStatus::kMalformed) return read;
    if (read == ReadStatus::kOk) {
      const auto status = ParseProcStatus(text);
      if (!status) return ReadStatus::kMalformed;
      sample.memory = status->memory;
      sample.uid = status->uid;
    }
  }
  if (has_memory && needs.fds) {
    uint64_t count = 0;
    bool truncated = false;
    const ReadStatus read = Noted(procfs_.CountFds(process, count, truncated), DeniedField::kFds);
    if (read == ReadStatus::kGone) return read;
    if (truncated) ++truncated_fd_counts_;
    if (read == ReadStatus::kOk && !truncated) sample.open_fds = count;
  }
  return ReadStatus::kOk;
}

bool ProcfsSource::Read(const Needs& needs, ProcessSink& sink) {
  if (!procfs_.ListPids(pids_)) return false;
  ProcessSample sample;
  for (const int32_t pid : pids_) {
    const ReadStatus status = ReadOne(pid, needs, sample);
    if (status == ReadStatus::kOk) {
      sink.OnProcess(sample);
    } else {
      sink.OnUnreadable(pid, status);
    }
  }
  return true;
}

std::optional<uint64_t> ProcfsSource::ReadMaxFds(int32_t pid, uint64_t start_ticks) {
  const PidDir process(procfs_.fd(), pid);
  if (process.status() != ReadStatus::kOk) return std::nullopt;
  // Since the pass the pid may have been reused; the directory pins whoever has it now.
  ProcessSample sample;
  sample.pid = pid;
  if (ReadStat(process, sample) != ReadStatus::kOk || sample.start_ticks != start_ticks) {
    return std::nullopt;
  }
  std::string_view text;
  const ReadStatus read = Noted(reader_.Read(process.fd(), "limits", text), DeniedField::kLimits);
  if (read != ReadStatus::kOk) return std::nullopt;
  return ParseMaxOpenFiles(text);
}

}  // namespace memleak
