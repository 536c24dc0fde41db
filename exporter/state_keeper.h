// Keeps the trends across a restart of the exporter (--trend.state-file): reads the file at start,
// and writes it every five slots and at a clean stop.
//
// One thread at a time may call it (the scraper's lock). It only copies the histories there; what
// the disk can make wait happens on a thread of its own. Trouble is one log line when it begins and
// one when it ends; the exporter goes on without. Without a state file it does nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "exporter/config/options.h"
#include "exporter/trend/host_trends.h"
#include "exporter/trend/state_file.h"
#include "exporter/trend/trend_codec.h"

namespace memleak {

class StateKeeper {
 public:
  explicit StateKeeper(const Options& options);
  // Waits for what is being written. Nothing more is.
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  // Before the first feed. What is in the file is adopted, or the file is set aside. Nothing is
  // written before this was called. `uptime`: seconds since boot, now.
  void Load(HostTrends& trends, double uptime);

  // After a feed. Takes a copy if it is time for one and the last one was written.
  void Offer(const HostTrends& trends, double uptime);

  // At a clean stop: writes what is known now, and returns when that is done.
  void Finish(const HostTrends& trends, double uptime);

 private:
  using Clock = std::chrono::steady_clock;

  void Read(HostTrends& trends, double uptime);
  void SetAside(LogLevel level, const std::string& what, std::string_view suffix);
  TrendEncoder Copy(const HostTrends& trends, double uptime);
  void WriteLoop();
  void Write(TrendEncoder trends);

  const std::optional<StateFile> file_;  // nothing: there is nothing to do
  const std::string procfs_;
  const double slot_;
  const Clock::duration period_;
  std::string boot_id_;
  bool loaded_ = false;
  bool overfull_ = false;
  Clock::time_point last_{};

  std::mutex mutex_;  // guards what is below it
  std::condition_variable wake_;
  std::optional<TrendEncoder> pending_;
  bool writing_ = false;
  bool stopping_ = false;
  bool failing_ =
      false;  // logged when it changes, not at every attempt; the writer's, once it runs
  std::thread writer_;
};

}  // namespace memleak
