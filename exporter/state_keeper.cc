#include "exporter/state_keeper.h"

#include <algorithm>
#include <csignal>
#include <string_view>
#include <utility>

#include "exporter/host/boot_id.h"
#include "exporter/log.h"

namespace memleak {
namespace {

constexpr int kSlotsBetweenWrites = 5;
constexpr std::chrono::milliseconds kLeastPeriod{1'000};  // with the short slots of a demonstration

std::optional<StateFile> FileOf(const std::string& path) {
  if (path.empty()) return std::nullopt;
  return StateFile(path);
}

// A write beyond the limit of a file's size (RLIMIT_FSIZE) is an error like a full disk, not the
// end of the program.
void BlockFileSizeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

StateKeeper::StateKeeper(const Options& options)
    : file_(FileOf(options.trend.state_file)),
      procfs_(options.path.procfs),
      slot_(std::chrono::duration<double>(options.trend.slot).count()),
      period_(std::max<Clock::duration>(kSlotsBetweenWrites * options.trend.slot, kLeastPeriod)) {}

StateKeeper::~StateKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    pending_.reset();
  }
  wake_.notify_all();
  if (writer_.joinable()) writer_.join();
}

void StateKeeper::Load(HostTrends& trends, double uptime) {
  if (!file_) return;
  const std::optional<std::string> boot_id = ReadBootId(procfs_);
  if (!boot_id) {
    Log(LogLevel::kWarn, "no state file is used: nothing tells which boot this is",
        {{"missing", procfs_ + "/sys/kernel/random/boot_id"}});
    return;
  }
  boot_id_ = *boot_id;
  Read(trends, uptime);
  loaded_ = true;
  writer_ = std::thread([this] { WriteLoop(); });
}

void StateKeeper::Read(HostTrends& trends, double uptime) {
  StateFile::Content content = file_->Load(kMaxTrendsBytes);
  switch (content.found) {
    case StateFile::Found::kNothing:
      Log(LogLevel::kDebug, "no state file yet", {{"file", file_->path()}});
      return;
    case StateFile::Found::kUnusable:
      Log(LogLevel::kWarn, "the state file is not used: a restart will lose the trends",
          {{"file", file_->path()}, {"reason", content.reason}});
      failing_ = true;
      return;
    case StateFile::Found::kUnreadable:
      return SetAside(LogLevel::kWarn, "cannot be read (" + content.reason + ")", "unreadable");
    case StateFile::Found::kBytes:
      break;
  }
  DecodedTrends decoded;
  const DecodeStatus status = DecodeTrends(content.bytes, decoded);
  content.bytes = {};  // up to 64 MB
  if (status == DecodeStatus::kCorrupt) return SetAside(LogLevel::kWarn, "is corrupt", "corrupt");
  if (status == DecodeStatus::kOtherVersion) {
    return SetAside(LogLevel::kInfo, "is of another version", "other-version");
  }
  // A machine that was set back to an earlier moment has the same boot id and an earlier clock.
  if (decoded.origin.boot_id != boot_id_ || decoded.origin.uptime > uptime) {
    return SetAside(LogLevel::kInfo, "is of another boot", "other-boot");
  }
  if (decoded.origin.slot != slot_) {
    return SetAside(LogLevel::kInfo, "is of another --trend.slot", "other-slot");
  }
  for (TrendRecord& record : decoded.records) trends.Adopt(std::move(record.key), record.trend);
  Log(LogLevel::kInfo, "trends of an earlier run are taken up",
      {{"file", file_->path()},
       {"trends", std::to_string(decoded.records.size())},
       {"dropped", std::to_string(decoded.dropped)},
       {"saved_seconds_ago",
        std::to_string(static_cast<int64_t>(uptime - decoded.origin.uptime))}});
}

void StateKeeper::SetAside(LogLevel level, const std::string& what, std::string_view suffix) {
  const std::string error = file_->SetAside(suffix);
  const std::string start = "the state file " + what;
  if (error.empty()) {
    Log(level, start + " and was set aside: trends start anew",
        {{"file", file_->path()}, {"set_aside", file_->path() + "." + std::string(suffix)}});
  } else {
    Log(level, start + " and could not be set aside: trends start anew",
        {{"file", file_->path()}, {"reason", error}});
    failing_ = true;
  }
}

TrendEncoder StateKeeper::Copy(const HostTrends& trends, double uptime) {
  TrendEncoder encoder({boot_id_, slot_, uptime}, trends.size());
  size_t left_out = 0;
  trends.ForEach([&](const TrendKey& key, const Trend& trend) {
    if (!encoder.Add(key, trend)) ++left_out;
  });
  if (left_out > 0 && !overfull_) {
    overfull_ = true;
    Log(LogLevel::kWarn, "more trends than a state file holds: a restart will lose the rest",
        {{"file", file_->path()}, {"left_out", std::to_string(left_out)}});
  }
  return encoder;
}

void StateKeeper::Offer(const HostTrends& trends, double uptime) {
  if (!loaded_) return;
  const Clock::time_point now = Clock::now();
  // The first at once: that nothing can be written is said at the start.
  if (last_ != Clock::time_point{} && now - last_ < period_) return;
  {
    const std::lock_guard lock(mutex_);
    if (pending_ || writing_) return;  // a slow disk
  }
  TrendEncoder copy = Copy(trends, uptime);
  last_ = now;
  {
    const std::lock_guard lock(mutex_);
    pending_ = std::move(copy);
  }
  wake_.notify_all();
}

void StateKeeper::Finish(const HostTrends& trends, double uptime) {
  if (!loaded_) return;
  loaded_ = false;
  TrendEncoder copy = Copy(trends, uptime);
  {
    const std::lock_guard lock(mutex_);
    pending_ = std::move(copy);  // instead of one that waits: this one is younger
    stopping_ = true;
  }
  wake_.notify_all();
  writer_.join();
}

void StateKeeper::WriteLoop() {
  BlockFileSizeSignal();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || pending_; });
    if (!pending_) return;
    TrendEncoder trends = std::move(*pending_);
    pending_.reset();
    writing_ = true;
    lock.unlock();
    Write(std::move(trends));
    lock.lock();
    writing_ = false;
  }
}

void StateKeeper::Write(TrendEncoder trends) {
  const std::string error = file_->Save(std::move(trends).Finish());
  if (!error.empty() && !failing_) {
    Log(LogLevel::kWarn, "the state file cannot be written: a restart will lose the trends",
        {{"file", file_->path()}, {"reason", error}});
  }
  if (error.empty() && failing_) {
    Log(LogLevel::kInfo, "the state file is written again", {{"file", file_->path()}});
  }
  failing_ = !error.empty();
}

}  // namespace memleak
