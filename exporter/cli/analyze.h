// `memleak_exporter analyze`: recorded series through the live engine.
//
// Findings go to standard output, what is wrong with a series to standard error.
#pragma once

#include "exporter/config/analyze_options.h"

namespace memleak {

// The exit code: 1 where something could not be read, else 3 where a leak is suspected, else 0.
// Throws UsageError for a URL that is none, std::runtime_error where the findings cannot be
// written.
int Analyze(const AnalyzeOptions& options);

}  // namespace memleak
