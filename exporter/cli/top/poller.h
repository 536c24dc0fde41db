// Looks in a thread of its own, so that keys are answered while an exporter is slow or silent.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <optional>
#include <thread>

#include "exporter/cli/top/fetch.h"
#include "exporter/cli/top/look.h"

namespace memleak {

class Poller {
 public:
  explicit Poller(Fetch fetch);
  // Waits for the look that is under way.
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Looks as soon as the look that is under way has ended; the last wish counts.
  void Ask(const Wish& wish);
  // A look that has ended since, answered or not (Look::error).
  std::optional<Look> Take();
  // Readable when there is something to take.
  int descriptor() const;
  // False where a look does not end within this time. No more looks then.
  bool Stop(std::chrono::milliseconds patience);

 private:
  struct Shared;
  static void Run(Shared& shared, const Fetch& fetch);

  std::unique_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace memleak
