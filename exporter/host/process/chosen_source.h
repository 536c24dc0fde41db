// Which source serves (--process.source): the task iterator where the kernel and the privileges
// allow it, /proc otherwise, and from the moment on in which the iterator fails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/host/process/process_source.h"
#include "exporter/host/process/procfs_source.h"
#include "exporter/host/procfs.h"

namespace memleak {

class ChosenSource : public ProcessSource {
 public:
  enum class Choice : uint8_t { kAuto, kProcfs, kBpf };

  // A source that is cheaper than /proc, or nullptr and why there is none.
  using MakeFast = std::function<std::unique_ptr<ProcessSource>(ProcFs& procfs, ProcfsSource& files,
                                                                std::string& why)>;

  // `procfs` must outlive the source. Throws std::runtime_error with one line when kBpf was asked
  // for and cannot be had.
  ChosenSource(ProcFs& procfs, Choice choice, const MakeFast& make_fast);

  // Of the one that serves.
  std::string_view name() const override { return serving().name(); }
  bool Read(const Needs& needs, ProcessSink& sink) override;
  std::optional<uint64_t> ReadMaxFds(int32_t pid, uint64_t start_ticks) override {
    return files_.ReadMaxFds(pid, start_ticks);
  }
  const DeniedCounts& denied() const override { return files_.denied(); }
  uint64_t truncated_fd_counts() const override { return files_.truncated_fd_counts(); }

  bool tells_cgroups() const override { return serving().tells_cgroups(); }

  // Why /proc serves although it was not asked for; empty when what was asked for serves.
  const std::string& reason() const { return reason_; }
  // How often the cheaper source failed in the middle of the run.
  uint64_t failures() const { return failures_; }

 private:
  const ProcessSource& serving() const {
    return fast_ != nullptr ? *fast_ : static_cast<const ProcessSource&>(files_);
  }

  ProcfsSource files_;
  std::unique_ptr<ProcessSource> fast_;
  std::string reason_;
  uint64_t failures_ = 0;
};

// The task iterator, with exact memory for processes of at least so many bytes.
ChosenSource::MakeFast TaskIteratorSource(uint64_t exact_from_bytes);

}  // namespace memleak
