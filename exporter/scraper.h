// One scrape from start to end: refresh the snapshot, run the collectors, hand out the body.
//
// Holds the only lock of the pipeline. Nothing is written to a socket and no slow read happens
// under it. Any thread may call any method.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "collectors/collector.h"
#include "collectors/exporter_metrics.h"
#include "collectors/registry.h"
#include "exporter/config/options.h"
#include "exporter/exposition/metric_writer.h"
#include "exporter/host/process/memory_details.h"
#include "exporter/model/host_model.h"
#include "exporter/refusals.h"
#include "exporter/state_keeper.h"
#include "exporter/trend/host_trends.h"
#include "exporter/trend/kind_histories.h"

namespace memleak {

class Scraper {
 public:
  // A request's choice of collectors. Both empty: all that are enabled.
  struct Choice {
    std::vector<std::string> collect;  // only these
    std::vector<std::string> exclude;  // all but these
  };

  // Opens the host's trees. Throws std::exception with one line when they cannot be read.
  // `registry` must outlive the scraper.
  explicit Scraper(const Options& options,
                   std::span<const CollectorInfo> registry = AllCollectors());
  ~Scraper();
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  // A first look at the host, and the first refresh once the names of what it found have been read
  // or a second has passed. Then Ready() holds, and a timer refreshes whenever nobody scrapes.
  void Start();

  // Whether `choice` names only enabled collectors and not both lists; if not, says why.
  bool Accepts(const Choice& choice, std::string& why) const;

  // Renders the chosen collectors' families and the exporter's own. The body is the caller's.
  std::string Scrape(Format format, const Choice& choice);

  // Shows a snapshot that is fresh enough to `visit`, which must not block: the lock is held.
  void Visit(const std::function<void(const Snapshot&)>& visit);

  // What of one process is read when asked for. Takes no lock of the pipeline; blocks for a second
  // at most.
  MemoryDetails ReadMemoryDetails(int32_t pid, uint64_t start_ticks,
                                  std::optional<uint64_t> resident) {
    return memory_details_.Read(pid, start_ticks, resident);
  }

  const Options& options() const { return options_; }
  bool Ready() const { return ready_; }
  // False when three refreshes in a row were missed. Takes no lock: it answers while one is stuck.
  bool Healthy() const;

 private:
  struct Entry {
    const CollectorInfo* info;
    std::unique_ptr<Collector> collector;
    bool failing = false;  // logged when it changes, not at every scrape
  };

  static std::vector<Entry> MakeCollectors(const Options& options,
                                           std::span<const CollectorInfo> registry);
  static Needs NeedsOf(const std::vector<Entry>& collectors, const Options& options);
  void Refresh();          // under the lock
  void SaySource();        // under the lock
  void RefreshIfOld();     // under the lock
  void Run(Entry& entry);  // under the lock
  void TimerLoop();

  const Options options_;
  std::vector<Entry> collectors_;
  HostModel model_;
  HostTrends trends_;
  KindHistories kinds_;
  MemoryDetailsReader memory_details_;
  StateKeeper keeper_;
  Refusals refusals_;
  ExporterMetrics own_;

  std::mutex mutex_;  // guards all below it but the atomics
  std::condition_variable wake_;
  MetricWriter writer_{Format::kText};
  uint64_t source_failures_said_ = 0;
  bool stopping_ = false;
  std::atomic<bool> ready_{false};
  std::atomic<double> last_refresh_{0};  // steady clock, seconds
  std::thread timer_;
};

}  // namespace memleak
