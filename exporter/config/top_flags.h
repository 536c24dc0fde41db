// The flags of `memleak_exporter top`.
#pragma once

#include <span>
#include <vector>

#include "exporter/config/flag_parser.h"
#include "exporter/config/flag_table.h"
#include "exporter/config/top_options.h"

namespace memleak {

// Its own flags set `options`, which must outlive them; those that it shares with serve, for
// looking at the host itself, are serve's.
std::vector<Flag> TopFlagTable(TopOptions& options, std::span<const CollectorFlag> collectors);

// What follows from several of them together. Throws UsageError.
void CheckTop(const TopOptions& options, const std::vector<GivenFlag>& given);

}  // namespace memleak
