// The flags of `memleak_exporter analyze`.
#pragma once

#include <vector>

#include "exporter/config/analyze_options.h"
#include "exporter/config/flag_parser.h"
#include "exporter/config/flag_table.h"

namespace memleak {

// Its flags set `options`, which must outlive them.
std::vector<Flag> AnalyzeFlagTable(AnalyzeOptions& options);

// What follows from several of them together. Throws UsageError.
void CheckAnalyze(const AnalyzeOptions& options, const std::vector<GivenFlag>& given);

}  // namespace memleak
