#include "exporter/scraper.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "exporter/log.h"

namespace memleak {
namespace {

using Clock = std::chrono::steady_clock;

double Now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

double Seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

// How long the start waits for the names of the processes that it found.
constexpr std::chrono::seconds kNamePatience{1};

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<Scraper::Entry> Scraper::MakeCollectors(const Options& options,
                                                    std::span<const CollectorInfo> registry) {
  std::vector<Entry> collectors;
  for (const CollectorInfo& info : registry) {
    const auto named = options.collector.enabled.find(std::string(info.name));
    const bool enabled = named != options.collector.enabled.end()
                             ? named->second
                             : info.enabled_by_default && !options.collector.disable_defaults;
    if (enabled) collectors.push_back({&info, info.make()});
  }
  return collectors;
}

Needs Scraper::NeedsOf(const std::vector<Entry>& collectors, const Options& options) {
  Needs needs;
  // The page's line about the node.
  if (options.web.ui) needs.node = {.meminfo = true, .vmstat = true, .memory_pressure = true};
  for (const Entry& entry : collectors) needs = needs | entry.info->needs;
  return needs;
}

Scraper::Scraper(const Options& options, std::span<const CollectorInfo> registry)
    : options_(options),
      collectors_(MakeCollectors(options, registry)),
      model_(options, NeedsOf(collectors_, options)),
      trends_(Seconds(options.trend.slot)),
      kinds_(Seconds(options.trend.slot)),
      memory_details_(model_.proc_root()),
      keeper_(options),
      last_refresh_(Now()) {}

Scraper::~Scraper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (timer_.joinable()) timer_.join();
  keeper_.Finish(trends_, model_.snapshot().time.uptime);
}

void Scraper::Start() {
  SayWhatIsMissing(options_.path);
  {
    // Held for up to a second, while every request is told that the start is under way.
    const std::lock_guard lock(mutex_);
    if (NeedsOf(collectors_, options_).processes) SaySource();
    model_.FirstLook(kNamePatience);
    keeper_.Load(trends_, model_.snapshot().time.uptime);
    Refresh();
  }
  ready_ = true;
  timer_ = std::thread([this] { TimerLoop(); });
}

void Scraper::TimerLoop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const double due = last_refresh_ + Seconds(options_.trend.interval);
    const double wait = due - Now();
    if (wait <= 0) {
      Refresh();
      continue;
    }
    wake_.wait_for(lock, std::chrono::duration<double>(wait));
  }
}

void Scraper::Refresh() {
  Snapshot& snapshot = model_.Look();
  if (snapshot.source_failures > source_failures_said_) SaySource();
  trends_.Feed(snapshot);
  model_.Choose();
  if (options_.web.ui) {
    kinds_.Feed(snapshot);
    snapshot.kinds = &kinds_;
  }
  refusals_.Look(snapshot);
  keeper_.Offer(trends_, model_.snapshot().time.uptime);
  last_refresh_ = Now();
}

void Scraper::SaySource() {
  const Snapshot& snapshot = model_.snapshot();
  const std::string source(snapshot.source);
  const std::string reason(snapshot.source_reason);
  if (snapshot.source_failures > source_failures_said_) {
    source_failures_said_ = snapshot.source_failures;
    Log(LogLevel::kWarn, "the process source failed; another one goes on",
        {{"source", source}, {"reason", reason}});
  } else if (reason.empty()) {
    Log(LogLevel::kInfo, "reading processes", {{"source", source}});
  } else {
    Log(LogLevel::kInfo, "reading processes", {{"source", source}, {"reason", reason}});
  }
}

void Scraper::RefreshIfOld() {
  if (Now() - last_refresh_ >= Seconds(options_.scrape.min_interval)) Refresh();
}

bool Scraper::Healthy() const {
  constexpr int kMissed = 3;
  return Now() - last_refresh_ <= kMissed * Seconds(options_.trend.interval);
}

bool Scraper::Accepts(const Choice& choice, std::string& why) const {
  if (!choice.collect.empty() && !choice.exclude.empty()) {
    why = "collect[] and exclude[] cannot be used together";
    return false;
  }
  for (const auto* names : {&choice.collect, &choice.exclude}) {
    for (const std::string& name : *names) {
      const auto known = [&](const Entry& entry) { return entry.info->name == name; };
      if (std::none_of(collectors_.begin(), collectors_.end(), known)) {
        why = "collect[] and exclude[] take enabled collectors:";
        for (const Entry& entry : collectors_) why += " " + std::string(entry.info->name);
        return false;
      }
    }
  }
  return true;
}

void Scraper::Run(Entry& entry) {
  const double start = Now();
  const MetricWriter::Point before = writer_.Mark();
  bool success = true;
  try {
    entry.collector->Collect(model_.snapshot(), writer_);
  } catch (const std::exception& error) {
    writer_.Rollback(before);
    success = false;
    if (!entry.failing) {
      Log(LogLevel::kWarn, "collector failed; the others are served",
          {{"collector", std::string(entry.info->name)}, {"error", error.what()}});
    }
  }
  if (success && entry.failing) {
    Log(LogLevel::kInfo, "collector works again", {{"collector", std::string(entry.info->name)}});
  }
  entry.failing = !success;
  own_.RecordCollector(entry.info->name, success, Now() - start);
}

std::string Scraper::Scrape(Format format, const Choice& choice) {
  const std::lock_guard lock(mutex_);
  RefreshIfOld();
  writer_.Reset(format);
  for (Entry& entry : collectors_) {
    const bool chosen = choice.collect.empty() ? !Contains(choice.exclude, entry.info->name)
                                               : Contains(choice.collect, entry.info->name);
    if (chosen) Run(entry);
  }
  own_.Write(model_.snapshot(), writer_);
  return std::string(writer_.Finish());
}

void Scraper::Visit(const std::function<void(const Snapshot&)>& visit) {
  const std::lock_guard lock(mutex_);
  RefreshIfOld();
  visit(model_.snapshot());
}

}  // namespace memleak
