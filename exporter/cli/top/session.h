// `top` on a terminal: keys, refreshes and signals, one after the other, until somebody quits.
#pragma once

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/controls.h"
#include "exporter/cli/top/fetch.h"
#include "exporter/cli/top/look.h"
#include "exporter/cli/top/poller.h"
#include "exporter/cli/top/screen.h"
#include "exporter/cli/top/terminal.h"
#include "exporter/host/unique_fd.h"

namespace memleak {

// The signals that end, stop or resize it, blocked in this thread and those that it starts, and
// read from a descriptor instead, so that none of them leaves the terminal as it is.
class SessionSignals {
 public:
  SessionSignals();

  int descriptor() const { return descriptor_.get(); }
  // The next one; 0 where there is none.
  int Take() const;

 private:
  UniqueFd descriptor_;
};

class Session {
 public:
  // `first`: a look that was answered. Throws std::runtime_error where the terminal cannot be drawn
  // on.
  Session(const Fetch& fetch, std::string source, Controls controls, Look first, Charset charset);

  // The exit code. Where a look does not end soon after it, the program is ended at once.
  int Run(const SessionSignals& signals);

 private:
  using Clock = std::chrono::steady_clock;

  Scene CurrentScene() const;
  void Ask();
  void TakeLook();
  bool TakeKeys();  // false: quit
  std::optional<int> TakeSignals(
      const SessionSignals& signals);  // the exit code, when it is the end
  int Loop(const SessionSignals& signals);

  Poller poller_;
  std::string source_;
  Controls controls_;
  Look look_;
  std::string trouble_;
  Charset charset_;
  Clock::time_point next_look_;
  int fruitless_reads_ = 0;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace memleak
