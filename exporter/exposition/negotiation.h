// Content negotiation of /metrics: which format and which coding a client asked for.
//
// Pure functions on header values, which are hostile input: any bytes, any length; they never
// throw. RFC 9110 sections 12.4.2 (quality values), 12.5.1 (Accept) and 12.5.3 (Accept-Encoding),
// and the content negotiation of Prometheus
// (https://prometheus.io/docs/instrumenting/content_negotiation/).
#pragma once

#include <string>
#include <string_view>

#include "exporter/exposition/metric_writer.h"

namespace memleak {

struct Negotiated {
  Format format = Format::kText;
  // The escaping scheme that the client named for the chosen format, or empty. Our names are valid
  // under every scheme, so it changes the Content-Type only.
  std::string escaping;
};

// Picks the format with the highest quality value; OpenMetrics wins a tie only where the client
// names it and text ties by wildcard or stands after it. What matches nothing gets text 0.0.4, the
// format that every client reads.
Negotiated NegotiateFormat(std::string_view accept);

// "text/plain; version=0.0.4; charset=utf-8" or
// "application/openmetrics-text; version=1.0.0; charset=utf-8", with "; escaping=SCHEME" where the
// client named one.
std::string ContentType(const Negotiated& negotiated);

// Whether gzip is acceptable: named or covered by "*", with a quality above 0.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace memleak
