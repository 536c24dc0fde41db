// Process rows from /proc: for each process `stat`, `status` and one stat(2) of `fd`, nothing
// twice. Works on every kernel and without privileges.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "exporter/host/file_reader.h"
#include "exporter/host/process/process_source.h"
#include "exporter/host/procfs.h"

namespace memleak {

class ProcfsSource : public ProcessSource {
 public:
  // `procfs` must outlive the source.
  explicit ProcfsSource(ProcFs& procfs) : procfs_(procfs) {}

  std::string_view name() const override { return "procfs"; }
  bool Read(const Needs& needs, ProcessSink& sink) override;
  // One process. `sample` means nothing unless kOk is returned.
  ReadStatus ReadOne(int32_t pid, const Needs& needs, ProcessSample& sample);
  std::optional<uint64_t> ReadMaxFds(int32_t pid, uint64_t start_ticks) override;
  const DeniedCounts& denied() const override { return denied_; }
  uint64_t truncated_fd_counts() const override { return truncated_fd_counts_; }

 private:
  ReadStatus ReadStat(const PidDir& process, ProcessSample& sample);
  ReadStatus Noted(ReadStatus status, DeniedField field);

  ProcFs& procfs_;
  FileReader reader_;
  std::vector<int32_t> pids_;
  DeniedCounts denied_{};
  uint64_t truncated_fd_counts_ = 0;
};

}  // namespace memleak
