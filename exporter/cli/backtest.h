// `analyze --prometheus`: what the engine would have said of series that a Prometheus has recorded.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "exporter/cli/http_client.h"
#include "exporter/cli/prometheus_answer.h"
#include "exporter/cli/replay.h"
#include "exporter/config/analyze_options.h"

namespace memleak {

// Prometheus could not be asked, or did not understand: the URL, without a password, and what it
// said.
struct BacktestError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Backtest {
 public:
  struct Series {
    explicit Series(const ReplaySettings& settings) : replay(settings) {}

    Replay replay;
    std::string timeline;  // JSON, where it is asked for
  };

  explicit Backtest(const AnalyzeOptions& options);

  // Replays what was recorded until `now`, in Unix seconds. `progress` is called with what share is
  // done. Throws BacktestError.
  void Run(double now, const std::function<void(double share)>& progress);

  // By name.
  const std::map<std::string, Series>& series() const { return series_; }

 private:
  void RunChunk(HttpClient& client, double begin, size_t points);
  void Replayed(const std::string& name, const PrometheusPoint& point);

  const AnalyzeOptions& options_;
  HttpUrl url_;
  double step_;
  std::map<std::string, Series> series_;
};

}  // namespace memleak
