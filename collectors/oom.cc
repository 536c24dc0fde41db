#include "collectors/oom.h"

namespace memleak {
namespace {

constexpr Family kKills = {
    "memleak_oom_kills", MetricType::kCounter, "",
    "Processes that the kernel killed for want of memory since the exporter started. Scope cgroup: "
    "a memory limit was reached; node: memory was short for all."};
constexpr Family kLastTime = {"memleak_oom_last_kill_timestamp_seconds", MetricType::kGauge,
                              "seconds",
                              "When the last one was killed, in seconds since 1970; before the "
                              "exporter started, too, as far back as the kernel's log goes."};
constexpr Family kLastAnon =
    BytesGauge("memleak_oom_last_kill_anon_memory_bytes",
               "Anonymous memory that the last one held when it was killed, by the kernel's log.");
constexpr Family kLastRatio = {
    "memleak_oom_last_kill_baseline_ratio", MetricType::kGauge, "",
    "How many times its usual size the last one was when it was killed: anonymous memory and swap "
    "over its baseline. About 1: it was killed for another's growth, or its limit is too low."};

class OomCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    // A log that may not be read is counted where denials are, and is no failure.
    if (snapshot.oom_kills == nullptr) return;
    const auto write = [&](const Family& family, auto&& value) {
      writer.Begin(family);
      for (const OomKills::Series& series : snapshot.oom_kills->series()) {
        if (const auto known = value(series)) writer.Sample(series.labels, *known);
      }
    };
    write(kKills, [](const OomKills::Series& series) { return std::optional(series.kills); });
    write(kLastTime, [](const OomKills::Series& series) { return series.last_time; });
    write(kLastAnon, [](const OomKills::Series& series) { return series.last_anon; });
    write(kLastRatio, [](const OomKills::Series& series) { return series.last_baseline_ratio; });
  }
};

}  // namespace

std::unique_ptr<Collector> MakeOomCollector() { return std::make_unique<OomCollector>(); }

}  // namespace memleak
