// A recorded series from a file or from standard input.
#pragma once

#include <optional>
#include <string>

#include "exporter/cli/series_reader.h"

namespace memleak {

// Hands every sample of the file to `sink`; `-` is standard input. Throws SeriesError, with line 0
// where the file cannot be read.
void ReadSeriesFile(const std::string& path, std::optional<double> interval,
                    SeriesReader::Sink sink);

}  // namespace memleak
