#include "exporter/web/live_protection.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "exporter/config/errors.h"
#include "exporter/log.h"

namespace memleak {
namespace {

// How long the end waits for a look that is under way.
constexpr std::chrono::seconds kPatience{1};

// What one look at the files found.
struct Look {
  std::optional<ProtectionFiles> files;
  std::string error;  // why there are none

  std::string fingerprint() const { return files ? Fingerprint(*files) : "error: " + error; }
};

Look LookAt(const std::string& path) {
  Look look;
  try {
    look.files = ReadProtectionFiles(path);
  } catch (const std::exception& error) {
    look.error = error.what();
  }
  return look;
}

}  // namespace

// Shared with the thread, which may be left behind in a read that does not return.
struct LiveProtection::State {
  void Watch();
  void Consider(const Look& look);
  void Use(const Look& look);

  std::string path;
  std::chrono::milliseconds interval{};

  // The thread's own.
  std::string used;  // fingerprint of what was acted upon last, for good or ill
  std::string seen;  // of the last look
  bool broken = false;

  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::shared_ptr<const Protection> current;
  bool stop = false;
  bool ended = false;
};

void LiveProtection::State::Use(const Look& look) {
  used = look.fingerprint();
  std::shared_ptr<const Protection> previous;
  {
    const std::lock_guard lock(mutex);
    previous = current;
  }
  try {
    if (!look.files) throw StartupError(look.error);
    if (look.files->config.tls.has_value() != (previous->tls != nullptr)) {
      throw StartupError(path +
                         ": TLS cannot be switched on or off while running; restart for that");
    }
    auto next = MakeProtection(*look.files, previous.get());
    const std::lock_guard lock(mutex);
    current = std::move(next);
  } catch (const std::exception& error) {
    broken = true;
    Log(LogLevel::kError, "web config is broken, the last good one stays in force",
        {{"error", error.what()}});
    return;
  }
  Log(LogLevel::kInfo, broken ? "web config works again" : "web config was read again",
      {{"file", path}});
  broken = false;
}

void LiveProtection::State::Consider(const Look& look) {
  std::string now = look.fingerprint();
  const bool settled = now == seen;
  seen = std::move(now);
  if (settled && seen != used) Use(look);
}

void LiveProtection::State::Watch() {
  std::unique_lock lock(mutex);
  while (!changed.wait_for(lock, interval, [this] { return stop; })) {
    lock.unlock();
    try {
      const Look look = LookAt(path);
      lock.lock();
      const bool stopped = stop;  // it may have taken so long that the program is ending
      lock.unlock();
      if (!stopped) Consider(look);
    } catch (const std::exception& error) {  // out of memory: the next look may fare better
      Log(LogLevel::kError, "web config could not be looked at", {{"error", error.what()}});
    }
    lock.lock();
  }
  ended = true;
  changed.notify_all();
}

LiveProtection::LiveProtection(const std::string& path, std::chrono::milliseconds interval)
    : state_(std::make_shared<State>()) {
  if (path.empty()) {
    state_->current = std::make_shared<const Protection>();
    return;
  }
  const ProtectionFiles files = ReadProtectionFiles(path);
  state_->path = path;
  state_->interval = interval;
  state_->used = state_->seen = Fingerprint(files);
  state_->current = MakeProtection(files, nullptr);
  thread_ = std::thread([state = state_] { state->Watch(); });
}

LiveProtection::~LiveProtection() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
  if (state_->changed.wait_for(lock, kPatience, [this] { return state_->ended; })) {
    lock.unlock();
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::shared_ptr<const Protection> LiveProtection::Current() const {
  const std::lock_guard lock(state_->mutex);
  return state_->current;
}

}  // namespace memleak
