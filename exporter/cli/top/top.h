// `memleak_exporter top`: suspects and tables in the terminal, from a running exporter or from the
// host itself.
#pragma once

#include <functional>

#include "exporter/cli/top/fetch.h"
#include "exporter/config/top_options.h"

namespace memleak {

// Begins to look at the host itself. Throws std::exception with one line where that fails.
using OpenHost = std::function<Fetch()>;

// The exit code: 0, or 128 and the number of the signal that ended it. Throws UsageError for a URL
// that is none, std::exception with one line where nobody answers or nothing can be written.
int Top(const TopOptions& options, const OpenHost& open_host);

}  // namespace memleak
