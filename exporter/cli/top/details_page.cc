#include "exporter/cli/top/details_page.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/cli/outline.h"
#include "exporter/cli/plot.h"
#include "exporter/cli/timestamp.h"
#include "exporter/cli/top/compact.h"
#include "exporter/cli/top/table.h"
#include "exporter/trend/figures.h"

namespace memleak {
namespace {

constexpr size_t kMostTargets = 5;

Quantity QuantityOf(std::string_view resource) {
  return resource == "descriptors" ? Quantity::kDescriptors : Quantity::kBytes;
}

class Page {
 public:
  Page(size_t cells, Charset charset) : cells_(std::max<size_t>(cells, 20)), charset_(charset) {}

  std::string Shown(std::string_view text) const { return Harmless(text, charset_); }

  // Broken between words, what follows indented.
  void Add(std::string_view text, Style style = Style::kPlain, size_t indent = 0) {
    std::string_view rest = text;
    bool first = true;
    do {
      const size_t margin = indent + (first ? 0 : 2);
      std::string line(margin, ' ');
      const size_t room = cells_ - std::min(cells_ / 2, margin);
      const std::string_view piece = Piece(rest, room);
      line += piece;
      lines_.emplace_back(std::move(line), style);
      rest.remove_prefix(piece.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      first = false;
    } while (!rest.empty());
  }

  void Heading(const std::string& text) {
    if (!lines_.empty()) lines_.emplace_back();
    Add(text, Style::kStrong);
  }

  // "RSS 310 MiB   anonymous 300 MiB", of what is known.
  void Figures(const Row& row,
               std::initializer_list<std::pair<std::string_view, std::string_view>> names,
               Quantity quantity) {
    std::string text;
    for (const auto& [title, name] : names) {
      const auto value = row.Number(name);
      if (!value) continue;
      if (!text.empty()) text += "   ";
      text += std::string(title) + ' ' + AmountText(*value, quantity);
    }
    if (!text.empty()) Add(text);
  }

  std::vector<TextLine> Take() { return std::move(lines_); }
  Charset charset() const { return charset_; }

 private:
  // What fits, up to the end of a word where there is one.
  static std::string_view Piece(std::string_view text, size_t cells) {
    const std::string_view piece = Beginning(text, cells);
    if (piece.size() == text.size()) return piece;
    const size_t space = piece.rfind(' ');
    return space == std::string_view::npos || space == 0 ? piece : piece.substr(0, space);
  }

  size_t cells_;
  Charset charset_;
  std::vector<TextLine> lines_;
};

void AddIdentity(Page& page, View view, const Row& row) {
  std::string text = page.Shown(NameOf(view, row));
  if (const auto pid = row.Number("pid")) text += ", pid " + WholeNumber(*pid);
  page.Add(text, Style::kStrong);
  std::string facts;
  for (const std::string_view name :
       {"user", "runtime", "group", "namespace", "pod", "container", "unit", "kind"}) {
    const std::string_view value = row.Text(name);
    if (value.empty()) continue;
    if (!facts.empty()) facts += "   ";
    facts += std::string(name) + ' ' + page.Shown(value);
  }
  if (!facts.empty()) page.Add(facts);
  for (const std::string_view name : {"exe", "cgroup"}) {
    const std::string_view value = row.Text(name);
    if (!value.empty()) page.Add(std::string(name) + ' ' + page.Shown(value));
  }
  if (const auto age = row.Number("age_seconds")) {
    std::string started = "runs for " + DurationText(*age);
    if (const auto start = row.Number("start_time")) {
      started += ", since " + TimestampText(*start);
    }
    page.Add(started);
  }
}

void AddFigures(Page& page, const Row& row) {
  page.Heading("Now");
  page.Figures(row,
               {{"RSS", "resident_bytes"},
                {"usage", "usage_bytes"},
                {"unreclaimable", "unreclaimable_bytes"},
                {"footprint", "footprint_bytes"},
                {"anonymous", "anon_bytes"},
                {"file", "file_bytes"},
                {"shared", "shmem_bytes"},
                {"swapped", "swap_bytes"},
                {"page cache", "page_cache_bytes"},
                {"kernel", "kernel_bytes"},
                {"limit", "limit_bytes"}},
               Quantity::kBytes);
  page.Figures(row,
               {{"descriptors", "open_fds"},
                {"of at most", "max_fds"},
                {"threads", "threads"},
                {"processes", "processes"}},
               Quantity::kDescriptors);
  const auto change = row.Number("change_bytes");
  const auto seconds = row.Number("change_seconds");
  if (change && seconds) {
    const bool baseline = row.Text("change_since") == "baseline";
    page.Add("footprint " + CompactChange(*change) +
             (baseline ? " since its baseline, " : " since it was first seen, ") +
             DurationText(*seconds) + " ago");
  }
  if (const auto headroom = row.Number("headroom_bytes")) {
    page.Add("can take " + AmountText(*headroom, Quantity::kBytes) +
             " more before a limit ends it");
  }
  if (row.Text("state") == "unknown") {
    const auto known_in = row.Number("known_in_seconds");
    page.Add(known_in ? "a verdict is possible in " + DurationText(*known_in)
                      : std::string("too little is known for a verdict"));
  }
}

void AddResource(Page& page, const Details::Resource& resource) {
  const Row& figures = resource.figures;
  const std::string name = page.Shown(figures.Text("resource"));
  const bool leaks = figures.Holds("leak_suspected");
  std::string text = name + ": ";
  if (leaks) {
    text += "leaks";
    const std::string_view confidence = figures.Text("confidence");
    if (!confidence.empty()) text += " (" + page.Shown(confidence) + ')';
  } else {
    text += page.Shown(figures.Text("state"));
  }
  const Quantity quantity = QuantityOf(name);
  if (const auto rate = figures.Number("growth_per_second"); rate && *rate != 0) {
    text += ", " + RateText(*rate, quantity);
  }
  if (const auto start = figures.Number("growth_start"); leaks && start) {
    text += " since " + TimestampText(*start);
  }
  if (const auto left = figures.Number("exhaustion_seconds")) {
    text += ", at its limit in " + DurationText(*left);
  }
  page.Add(text, leaks ? Style::kAlarm : Style::kPlain);
  if (figures.Text("state") == "unknown" && !leaks) return;  // so are the reasons
  for (const std::string& reason : resource.reasons) page.Add(page.Shown(reason), {}, 2);
}

// Too short a history is no plot, and without any there is no heading.
void AddPlot(Page& page, const Details::Plot& plot, bool& headed) {
  Outline outline;
  double last = 0;
  bool begun = false;
  for (const auto& [time, value] : plot.points) {
    if (begun && time <= last) continue;  // an outline goes on in time
    outline.Add(time, value);
    last = time;
    begun = true;
  }
  if (!begun || outline.used_cells() < 2) return;
  if (!headed) page.Heading("History");
  headed = true;
  const Quantity quantity = QuantityOf(plot.name);
  page.Add(page.Shown(plot.name) + ", " + AmountText(outline.least(), quantity) + " to " +
           AmountText(outline.greatest(), quantity) + ", " +
           PeriodText(outline.first().time, outline.last().time));
  page.Add(PlotLine(outline, page.charset() == Charset::kUtf8), Style::kPlain, 2);
}

void AddRegions(Page& page, const Details& details) {
  if (details.regions.empty() && details.regions_missing.empty()) return;
  page.Heading("Largest regions of its memory");
  if (details.regions.empty()) {
    page.Add("not known: " + page.Shown(details.regions_missing));
    return;
  }
  for (const Row& region : details.regions) {
    const auto bytes = [&](std::string_view name) {
      const auto value = region.Number(name);
      return RightAligned(value ? CompactBytes(*value) : "", 6, page.charset());
    };
    const std::string_view name = region.Text("name");
    page.Add("RSS " + bytes("resident_bytes") + " of " + bytes("size_bytes") + "  " +
             page.Shown(region.Text("permissions")) + "  " +
             page.Shown(name.empty() ? "anonymous" : name) + "  " +
             page.Shown(region.Text("address")));
  }
}

void AddSiblings(Page& page, View view, const Details& details) {
  if (details.siblings.empty()) return;
  page.Heading(view == View::kProcesses ? "The others of its group" : "Its processes");
  for (const Row& sibling : details.siblings) {
    const auto number = [&](std::string_view name) { return sibling.Number(name); };
    std::string text =
        RightAligned(number("pid") ? WholeNumber(*number("pid")) : "", 7, page.charset());
    text += ' ' + LeftAligned(page.Shown(sibling.Text("comm")), 15, page.charset());
    if (const auto rss = number("resident_bytes")) {
      text += " RSS " + RightAligned(CompactBytes(*rss), 6, page.charset());
    }
    if (const auto footprint = number("footprint_bytes")) {
      text += "  footprint " + RightAligned(CompactBytes(*footprint), 6, page.charset());
    }
    if (const auto age = number("age_seconds")) text += "  runs for " + DurationText(*age);
    page.Add(text);
  }
}

}  // namespace

std::vector<TextLine> DetailLines(View view, const Details& details, size_t cells,
                                  Charset charset) {
  Page page(cells, charset);
  AddIdentity(page, view, details.row);
  if (!details.resources.empty()) {
    page.Heading("Verdict");
    for (const Details::Resource& resource : details.resources) AddResource(page, resource);
  }
  if (!details.evidence.empty() || !details.fd_targets.empty()) {
    page.Heading("Evidence");
    for (const std::string& reason : details.evidence) page.Add(page.Shown(reason));
    for (size_t i = 0; i < std::min(details.fd_targets.size(), kMostTargets); ++i) {
      const Row& target = details.fd_targets[i];
      const auto count = target.Number("count");
      page.Add((count ? AmountText(*count, Quantity::kDescriptors) + " x " : std::string()) +
                   page.Shown(target.Text("target")),
               {}, 2);
    }
  }
  if (!details.commands.empty()) {
    page.Heading("What to run next");
    for (const Row& command : details.commands) {
      page.Add(page.Shown(command.Text("command")), Style::kStrong);
      if (!command.Text("shows").empty()) page.Add(page.Shown(command.Text("shows")), {}, 2);
    }
  }
  bool headed = false;
  for (const Details::Plot& plot : details.plots) AddPlot(page, plot, headed);
  AddFigures(page, details.row);
  AddRegions(page, details);
  AddSiblings(page, view, details);
  return page.Take();
}

}  // namespace memleak
