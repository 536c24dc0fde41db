#include "exporter/cli/backtest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "exporter/cli/analyze_json.h"
#include "exporter/cli/prometheus_answer.h"
#include "exporter/cli/seconds.h"
#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/trend/figures.h"

namespace memleak {
namespace {

// Prometheus refuses more than 11,000 points per series. Fewer keep the answer to many series
// small.
constexpr size_t kMostPoints = 2'000;
constexpr size_t kFewestPoints = 60;
constexpr size_t kMaxBody = size_t{256} << 20;
constexpr long kOk = 200;
constexpr long kUnauthorized = 401;

// The answer would be too large; one for a shorter time may not be.
struct TooMuch : BacktestError {
  using BacktestError::BacktestError;
};

// Unix seconds as Prometheus reads them.
std::string TimeText(double time) {
  std::array<char, 48> buffer{};
  return {buffer.data(),
          std::to_chars(buffer.begin(), buffer.end(), time, std::chars_format::fixed, 3).ptr};
}

HttpUrl UrlOf(const AnalyzeOptions& options) {
  std::optional<HttpUrl> url = ParseHttpUrl(options.prometheus);
  if (!url) throw UsageError("--prometheus: is not a URL; use one like http://localhost:9090");
  return *std::move(url);
}

}  // namespace

Backtest::Backtest(const AnalyzeOptions& options)
    : options_(options), url_(UrlOf(options)), step_(SecondsOf(options.step)) {}

void Backtest::Run(double now, const std::function<void(double share)>& progress) {
  const auto all = static_cast<size_t>(SecondsOf(options_.since) / step_) + 1;
  const double begin = now - static_cast<double>(all - 1) * step_;
  std::optional<HttpClient> client;
  try {
    client.emplace(url_, options_.timeout, kMaxBody);
  } catch (const HttpError& error) {
    throw BacktestError(error.what());
  }
  size_t most = kMostPoints;
  for (size_t done = 0; done < all;) {
    const size_t points = std::min(most, all - done);
    try {
      RunChunk(*client, begin + static_cast<double>(done) * step_, points);
    } catch (const TooMuch&) {
      if (points <= kFewestPoints) throw;
      most = points / 2;
      continue;
    }
    done += points;
    progress(static_cast<double>(done) / static_cast<double>(all));
  }
  if (series_.empty()) {
    throw BacktestError(url_.base + ": the query found nothing in the last " +
                        DurationText(SecondsOf(options_.since)));
  }
}

void Backtest::RunChunk(HttpClient& client, double begin, size_t points) {
  const double end = begin + static_cast<double>(points - 1) * step_;
  HttpAnswer answer;
  try {
    answer = client.Ask("/api/v1/query_range",
                        "query=" + PercentEncoded(options_.query) + "&start=" + TimeText(begin) +
                            "&end=" + TimeText(end) + "&step=" + TimeText(step_));
  } catch (const HttpTooLarge& error) {
    throw TooMuch(url_.base + ": " + error.what() + "; ask for fewer series");
  } catch (const HttpError& error) {
    throw BacktestError(url_.base + ": " + Printable(error.what()));
  }
  const PrometheusAnswer read = ParsePrometheusAnswer(
      answer.body, [&](const std::string& name, const std::vector<PrometheusPoint>& values) {
        for (const PrometheusPoint& point : values) Replayed(name, point);
      });
  if (read.success) return;
  if (read.valid) {
    constexpr size_t kMaxError = 500;
    const std::string said = url_.base + ": Prometheus says: " +
                             Printable(read.error_type + ": " + read.error, kMaxError);
    if (read.error.find("too many samples") != std::string::npos) throw TooMuch(said);
    throw BacktestError(said);
  }
  const std::string body = answer.body.empty() ? "nothing" : Quoted(answer.body);
  if (answer.status == kOk) {
    throw BacktestError(url_.base + ": this is no answer of a Prometheus: " + body);
  }
  throw BacktestError(
      url_.base + ": answered with status " + std::to_string(answer.status) +
      (answer.status == kUnauthorized ? "; user and password can stand in the URL" : ": " + body));
}

void Backtest::Replayed(const std::string& name, const PrometheusPoint& point) {
  const auto [found, is_new] = series_.try_emplace(name, SettingsOf(options_));
  Series& series = found->second;
  // Prometheus answers in order; what does not is no Prometheus.
  if (!is_new && point.time <= series.replay.outline().last().time) return;
  RecordedSample sample;
  sample.time = point.time;
  sample.value = point.value;
  series.replay.Add(sample);
  if (options_.timeline) AppendTimelineJson(series.timeline, point.time, series.replay);
}

}  // namespace memleak
