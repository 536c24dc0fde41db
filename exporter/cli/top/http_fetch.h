// The JSON API of an exporter, over HTTP.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "exporter/cli/top/fetch.h"

namespace memleak {

struct HttpSource {
  Fetch fetch;
  std::string name;  // the URL without user and password
};

// `url` may hold user and password, and may be that of the metrics. `patience`: how long a silent
// exporter is waited for. Throws UsageError where it is no URL, HttpError where libcurl is missing.
HttpSource OpenHttp(std::string_view url, std::chrono::milliseconds patience);

}  // namespace memleak
