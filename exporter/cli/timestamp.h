// Points in time as people and programs write them.
//
// Seconds since 1970, UTC. A time without a zone is taken as UTC: a recording says the same
// wherever it is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace memleak {

// Unix seconds (fractions allowed), ISO 8601 with `T` or a space (fractions and `Z` or an offset
// allowed), or what `date` prints in an English locale, in any order of its parts:
// `Fri Nov 20 14:08:01 UTC 2026`, `Fri 20 Nov 2026 02:08:01 PM CET`,
// `Fri, 20 Nov 2026 14:08:01 +0100`. Nothing for anything else, and beyond the year 9999, where
// milliseconds would end up.
std::optional<double> ParseTimestamp(std::string_view text);

// "2026-11-20 14:08 UTC"; for a time so soon after 1970 that it must count from the start of
// something "3.20 h after the start".
std::string TimestampText(double seconds_since_1970);

// "2026-11-20 14:08 to 15:12 UTC"
std::string PeriodText(double from, double to);

}  // namespace memleak
