#include "exporter/cli/top/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <utility>

#include "exporter/config/quote.h"
#include "exporter/host/unique_fd.h"

namespace memleak {

struct Poller::Shared {
  UniqueFd ready{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;  // guards all below it
  std::condition_variable changed;
  std::optional<Wish> wish;
  std::optional<Look> look;
  bool stopping = false;
  bool ended = false;
};

Poller::Poller(Fetch fetch) : shared_(std::make_unique<Shared>()) {
  if (shared_->ready.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ =
      std::thread([shared = shared_.get(), fetch = std::move(fetch)] { Run(*shared, fetch); });
}

Poller::~Poller() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  thread_.join();
}

void Poller::Ask(const Wish& wish) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->wish = wish;
  }
  shared_->changed.notify_all();
}

std::optional<Look> Poller::Take() {
  uint64_t count = 0;
  // Nothing there is fine, too.
  [[maybe_unused]] const ssize_t got = read(shared_->ready.get(), &count, sizeof count);
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->look, std::nullopt);
}

int Poller::descriptor() const { return shared_->ready.get(); }

bool Poller::Stop(std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
  return shared_->changed.wait_for(lock, patience, [&] { return shared_->ended; });
}

void Poller::Run(Shared& shared, const Fetch& fetch) {
  std::unique_lock lock(shared.mutex);
  while (true) {
    shared.changed.wait(lock, [&] { return shared.stopping || shared.wish; });
    if (shared.stopping) break;
    const Wish wish = *std::exchange(shared.wish, std::nullopt);
    lock.unlock();
    Look look;
    try {
      look = LookAt(fetch, wish);
    } catch (const std::exception& error) {
      look.wish = wish;
      look.error = Printable(error.what());
      if (look.error.empty()) look.error = "no reason is known";
    }
    lock.lock();
    shared.look = std::move(look);
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = write(shared.ready.get(), &one, sizeof one);
  }
  shared.ended = true;
  shared.changed.notify_all();
}

}  // namespace memleak
