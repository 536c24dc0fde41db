#include "exporter/cli/top/summary.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "exporter/cli/top/compact.h"
#include "exporter/cli/top/table.h"
#include "exporter/trend/figures.h"

namespace memleak {
namespace {

// Below this swap is at rest: 4 KiB pages that somebody touched now and then.
constexpr double kMovingSwap = 64 * 1024;

std::string Bytes(double bytes) { return AmountText(bytes, Quantity::kBytes); }
std::string Number(double number) { return AmountText(number, Quantity::kDescriptors); }

std::string MemoryText(const Row& node) {
  const auto total = node.Number("memory_total_bytes");
  const auto available = node.Number("memory_available_bytes");
  if (!total || !available) return {};
  std::string text = "Memory: " + Bytes(*available) + " of " + Bytes(*total) + " available";
  if (const auto left = node.Number("exhaustion_seconds")) {
    text += ", gone in " + DurationText(*left) + " at this rate";
  }
  return text;
}

std::string SwapText(const Row& node) {
  const auto total = node.Number("swap_total_bytes");
  const auto free = node.Number("swap_free_bytes");
  if (!total || !free) return {};
  if (*total == 0) return "no swap";
  std::string text = "Swap: " + Bytes(*total - *free) + " of " + Bytes(*total) + " used";
  const auto in = node.Number("swap_in_bytes_per_second");
  const auto out = node.Number("swap_out_bytes_per_second");
  if (!in || !out) return text;
  if (*in >= kMovingSwap) text += ", comes back at " + RateText(*in, Quantity::kBytes);
  if (*out >= kMovingSwap) text += ", fills at " + RateText(*out, Quantity::kBytes);
  if (*in < kMovingSwap && *out < kMovingSwap) text += ", at rest";
  return text;
}

std::string PressureText(const Row& node) {
  const auto waiting = node.Number("pressure_waiting_share");
  const auto stalled = node.Number("pressure_stalled_share");
  if (!waiting) return {};
  std::string text = "Pressure: " + CompactPercentage(*waiting) + " % waiting for memory";
  if (stalled) text += ", " + CompactPercentage(*stalled) + " % stalled";
  return text;
}

std::string KillText(const NodeDocument& document, Charset charset) {
  const auto kills = document.node.Number("oom_kills");
  if (!document.last_oom_kill) {
    return kills && *kills == 0 ? "no OOM kills since boot" : "";
  }
  const Row& kill = *document.last_oom_kill;
  std::string text = "Last OOM kill: " + Harmless(NameOf(View::kProcesses, kill), charset);
  if (const auto pid = kill.Number("pid")) text += " (pid " + WholeNumber(*pid) + ')';
  if (const auto time = kill.Number("time")) {
    text += ' ' + DurationText(std::max(document.time - *time, 0.0)) + " ago";
  }
  return text;
}

TextLine Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += "   ";
    text += part;
  }
  return TextLine(text);
}

// What leaks, how fast and until when, for one of `leaks`.
std::string LeakText(const std::string& what, const Row& row) {
  std::string text = what + " climb" + (what == "descriptors" ? "" : "s");
  const bool memory = what == "memory";
  const auto rate = row.Number("growth_bytes_per_second");
  if (memory && rate && *rate > 0) text += ' ' + RateText(*rate, Quantity::kBytes);
  const auto left = memory                  ? row.Number("exhaustion_seconds")
                    : what == "descriptors" ? row.Number("fd_exhaustion_seconds")
                                            : std::nullopt;
  if (left) text += ", at the limit in " + DurationText(*left);
  return text;
}

// The soonest verdict on any row that is shown, while there is none on any. What has no memory has
// no state.
std::optional<double> SoonestVerdict(const std::vector<Row>& rows) {
  std::optional<double> soonest;
  for (const Row& row : rows) {
    const std::string_view state = row.Text("state");
    if (!state.empty() && state != "unknown") return std::nullopt;
    const auto known_in = row.Number("known_in_seconds");
    if (known_in && (!soonest || *known_in < *soonest)) soonest = known_in;
  }
  return soonest;
}

std::string_view Things(View view) {
  return view == View::kProcesses ? "processes" : view == View::kGroups ? "groups" : "containers";
}

}  // namespace

std::vector<TextLine> NodeLines(const NodeDocument& document, Charset charset) {
  const Row& node = document.node;
  std::vector<TextLine> lines;
  lines.push_back(Joined({MemoryText(node), SwapText(node)}));
  lines.push_back(Joined({PressureText(node), KillText(document, charset)}));
  return lines;
}

std::string SuspectSentence(const Row& row, Charset charset) {
  const auto pid = row.Number("pid");
  // A list of cgroups has no pid and counts what is unreclaimable.
  const View view = pid                                 ? View::kProcesses
                    : row.Number("unreclaimable_bytes") ? View::kContainers
                                                        : View::kGroups;
  std::string text = Harmless(NameOf(view, row), charset);
  if (pid) text += ", pid " + WholeNumber(*pid);
  const auto processes = row.Number("processes");
  if (!pid && processes) {
    text += ", " + Number(*processes) + (*processes == 1 ? " process" : " processes");
  }
  text += ": ";
  // A suspect of no leak has too little time left to wait for a verdict.
  if (row.leaks.empty()) {
    const bool fds = row.Number("fd_exhaustion_seconds") && !row.Number("exhaustion_seconds");
    return text + "runs out soon: " + LeakText(fds ? "descriptors" : "memory", row);
  }
  bool first = true;
  for (const std::string& what : row.leaks) {
    if (!first) text += "; ";
    first = false;
    text += LeakText(Harmless(what, charset), row);
  }
  return text;
}

std::vector<TextLine> SuspectLines(const Look& look, size_t most, Charset charset) {
  std::vector<TextLine> lines;
  if (look.suspects.empty()) {
    std::string text = "Suspects: none";
    if (const auto soonest = SoonestVerdict(look.list.rows)) {
      text += " yet; the first verdict is possible in " + DurationText(*soonest);
    }
    lines.emplace_back(text, Style::kGood);
    return lines;
  }
  const size_t count = look.suspects.size();
  const size_t shown = count <= most ? count : most - 1;
  for (size_t i = 0; i < shown; ++i) {
    lines.emplace_back("Suspect: " + SuspectSentence(look.suspects[i], charset), Style::kAlarm);
  }
  if (shown < count) {
    lines.emplace_back("... and " + std::to_string(count - shown) + " more suspects (s lists them)",
                       Style::kAlarm);
  }
  return lines;
}

std::string ListSentence(const Look& look, Charset charset) {
  const Listing& listing = look.wish.listing;
  const RowList& list = look.list;
  std::string text = Number(list.matched);
  if (list.matched != list.total) text += " of " + Number(list.total);
  text += ' ' + std::string(Things(listing.view)) + ", " + OrderText(listing);
  if (listing.suspects_only) text += ", suspects only";
  if (!listing.search.empty()) {
    text += ", with \"" + Harmless(listing.search, charset) + "\" in a name";
  }
  return text;
}

}  // namespace memleak
