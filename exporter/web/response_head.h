// The first lines of a response: status and headers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/web_config.h"
#include "exporter/web/endpoints.h"

namespace memleak {

// Everything before the body, the empty line included. `reason` is the text of the status; `extra`
// are the configured headers, each of which replaces one of ours that has its name. Nothing may be
// stored by a cache unless the response's own headers have a Cache-Control.
std::string ResponseHead(const HttpResponse& response, std::string_view reason,
                         const std::vector<WebConfig::Header>& extra, bool keep_alive);

}  // namespace memleak
