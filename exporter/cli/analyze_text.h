// What `analyze` found, in words that can be pasted into a ticket.
//
// The first line is the verdict; then why, and always the plain arithmetic: from what to what in
// how long, the rate, and how long until the limit at that rate. The verdict counts in MiB, as the
// engine's thresholds do, the plain arithmetic in MB.
#pragma once

#include <string>
#include <string_view>

#include "exporter/cli/replay.h"

namespace memleak {

// Appends the block of one series. `name`: how it is called. `utf8`: whether block characters can
// be shown.
void AppendSummaryText(std::string& out, std::string_view name, const Replay& replay, bool utf8);

// The same for a series of a backtest: what would have alerted and when, and in short what not.
void AppendBacktestText(std::string& out, std::string_view name, const Replay& replay, bool utf8);

// "leaking (likely): climbs 3.33 MiB/h since 2026-11-20 04:00 UTC", on one line without its end.
std::string VerdictSentence(const Replay& replay);

// "400 MB to 600 MB in 60 min, 3.33 MB/min; ..."
std::string PlainArithmetic(const Replay& replay);

}  // namespace memleak
