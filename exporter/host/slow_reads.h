// Reads that may never return, on a helper thread with a deadline.
//
// `cmdline`, `exe` and the like take locks or touch file systems that the read process controls. A
// job that outlives the deadline is abandoned together with its thread (a thread in such a read
// cannot be ended) and a new helper goes on with the queue; at most kMaxStuck are abandoned, after
// that the queue waits until one of them comes back. What is stuck is counted, never retried.
//
// Jobs own everything that they touch (shared_ptr): an abandoned one may outlive this object. Any
// thread may call; jobs run one after another but for the abandoned ones.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace memleak {

class SlowReads {
 public:
  struct Limits {
    std::chrono::milliseconds deadline{1000};
    int max_stuck = 4;
    size_t max_queue = 65'536;
  };

  SlowReads();
  explicit SlowReads(const Limits& limits);
  // Drops the queue and returns at once; a running job is waited for until its deadline.
  ~SlowReads();
  SlowReads(const SlowReads&) = delete;
  SlowReads& operator=(const SlowReads&) = delete;

  // Queues `job`. False when the queue is full: try again later.
  bool Submit(std::function<void()> job);

  // Waits until every queued job ended or was abandoned; false when `timeout` came first.
  bool WaitIdle(std::chrono::milliseconds timeout);

  // Jobs that are past their deadline and have not come back.
  int stuck() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace memleak
