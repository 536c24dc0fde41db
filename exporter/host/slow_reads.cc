#include "exporter/host/slow_reads.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace memleak {

using Clock = std::chrono::steady_clock;

// Shared with the threads: an abandoned helper comes back to it long after the owner has gone.
struct SlowReads::State : std::enable_shared_from_this<SlowReads::State> {
  explicit State(const Limits& given) : limits(given) {}

  void HelperLoop(uint64_t id);
  void WatchLoop();
  void StartHelper(uint64_t id);

  const Limits limits;
  std::thread watcher;

  mutable std::mutex mutex;
  std::condition_variable work;   // the queue got longer, or a helper has to end
  std::condition_variable watch;  // a job started or ended
  std::condition_variable idle;   // nothing runs and nothing waits
  std::deque<std::function<void()>> queue;
  uint64_t helper = 0;  // the one that serves the queue; those before it were abandoned
  uint64_t job = 0;     // counts the jobs that were started
  bool busy = false;
  bool overdue = false;  // the running job is past its deadline and cannot be abandoned
  Clock::time_point started;
  int stuck = 0;
  bool stopping = false;
};

void SlowReads::State::HelperLoop(uint64_t id) {
  std::unique_lock lock(mutex);
  for (;;) {
    work.wait(lock, [&] { return stopping || helper != id || !queue.empty(); });
    if (stopping || helper != id) return;
    std::function<void()> next = std::move(queue.front());
    queue.pop_front();
    busy = true;
    ++job;
    started = Clock::now();
    watch.notify_all();

    lock.unlock();
    next();
    next = nullptr;  // what it owns is released outside the lock, too
    lock.lock();

    watch.notify_all();
    if (helper != id) {
      --stuck;
      return;
    }
    busy = false;
    overdue = false;
    if (queue.empty() || stopping) idle.notify_all();
  }
}

void SlowReads::State::StartHelper(uint64_t id) {
  std::thread([self = shared_from_this(), id] { self->HelperLoop(id); }).detach();
}

void SlowReads::State::WatchLoop() {
  std::unique_lock lock(mutex);
  for (;;) {
    watch.wait(lock, [&] { return stopping || busy; });
    if (stopping) return;
    const uint64_t watched = job;
    const auto changed = [&] { return stopping || !busy || job != watched; };
    if (watch.wait_until(lock, started + limits.deadline, changed)) continue;

    overdue = true;
    watch.wait(lock, [&] { return changed() || stuck < limits.max_stuck; });
    if (changed()) continue;
    try {
      StartHelper(helper + 1);
    } catch (const std::system_error&) {
      // No thread to be had now. The queue waits; a deadline later it is tried again.
      watch.wait_for(lock, limits.deadline, changed);
      continue;
    }
    ++helper;
    ++stuck;
    busy = false;
    overdue = false;
    if (queue.empty()) idle.notify_all();
  }
}

SlowReads::SlowReads() : SlowReads(Limits()) {}

SlowReads::SlowReads(const Limits& limits) : state_(std::make_shared<State>(limits)) {
  state_->StartHelper(0);
  state_->watcher = std::thread([state = state_.get()] { state->WatchLoop(); });
}

SlowReads::~SlowReads() {
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->queue.clear();
    state_->work.notify_all();
    state_->watch.notify_all();
    state_->idle.wait_until(lock, state_->started + state_->limits.deadline,
                            [&] { return !state_->busy; });
  }
  state_->watcher.join();
}

bool SlowReads::Submit(std::function<void()> job) {
  const std::lock_guard lock(state_->mutex);
  if (state_->queue.size() >= state_->limits.max_queue) return false;
  state_->queue.push_back(std::move(job));
  state_->work.notify_all();
  return true;
}

bool SlowReads::WaitIdle(std::chrono::milliseconds timeout) {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_for(lock, timeout,
                               [&] { return !state_->busy && state_->queue.empty(); });
}

int SlowReads::stuck() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stuck + (state_->overdue ? 1 : 0);
}

}  // namespace memleak
