// What Prometheus' `query_range` answers: JSON, read as it comes along, so that a week of a
// thousand series needs no tree of a million nodes. Format:
// https://prometheus.io/docs/prometheus/latest/querying/api/
//
// Pure, and hostile input is fine.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

struct PrometheusPoint {
  double time;
  double value;  // finite: NaN and infinities are left out
};

struct PrometheusAnswer {
  bool valid = false;  // is an answer of Prometheus at all
  bool success = false;
  std::string error_type;
  std::string error;
};

// `name{label="value",...}`, as a query would be written, and its points in order of time.
using PrometheusSeries =
    std::function<void(const std::string&, const std::vector<PrometheusPoint>&)>;

// Calls `series` for each in the answer.
PrometheusAnswer ParsePrometheusAnswer(std::string_view body, const PrometheusSeries& series);

}  // namespace memleak
