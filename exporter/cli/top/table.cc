#include "exporter/cli/top/table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "exporter/cli/top/compact.h"

namespace memleak {
namespace {

// A name is cut no shorter for a column that could be left out.
constexpr size_t kLeastName = 16;

struct Column {
  std::string_view title;
  size_t cells;
  int rank;  // 0: always there; the others come in this order while there is room
  std::string (*text)(const Row& row);
  std::optional<SortKey> sort{};  // which key sorts by it
  bool left = false;              // aligned
  Style style = Style::kPlain;
};

std::string Bytes(const Row& row, std::string_view name) {
  const auto bytes = row.Number(name);
  return bytes ? CompactBytes(*bytes) : std::string();
}

std::string Count(const Row& row, std::string_view name) {
  const auto count = row.Number(name);
  return count ? CompactCount(*count) : std::string();
}

std::string Duration(const Row& row, std::string_view name) {
  const auto seconds = row.Number(name);
  return seconds ? CompactDuration(*seconds) : std::string();
}

std::string Change(const Row& row) {
  const auto change = row.Number("change_bytes");
  return change ? CompactChange(*change) : std::string();
}

// A change since the baseline is what counts; before there is one it is since the first sight.
std::string Since(const Row& row) {
  const std::string ago = Duration(row, "change_seconds");
  if (ago.empty()) return {};
  return (row.Text("change_since") == "baseline" ? "base " : "seen ") + ago;
}

std::string Rate(const Row& row) {
  const auto rate = row.Number("growth_bytes_per_second");
  return rate ? CompactRate(*rate) : std::string();
}

// Of whatever runs out first.
std::string Left(const Row& row) {
  const auto memory = row.Number("exhaustion_seconds");
  const auto fds = row.Number("fd_exhaustion_seconds");
  if (!memory && !fds) return {};
  return CompactDuration(std::min(memory ? *memory : *fds, fds ? *fds : *memory));
}

std::string Share(const Row& row) {
  const auto share = row.Number("memory_share");
  return share ? CompactPercentage(*share) : std::string();
}

std::string Pid(const Row& row) {
  const auto pid = row.Number("pid");
  return pid ? WholeNumber(*pid) : std::string();
}

// The last one of each table is the name.
constexpr std::array kProcessColumns{
    Column{"PID", 7, 0, Pid, SortKey::kPid},
    Column{"USER", 8, 8, [](const Row& row) { return std::string(row.Text("user")); }, {}, true},
    Column{"RSS", 6, 0, [](const Row& row) { return Bytes(row, "resident_bytes"); }, SortKey::kRss},
    Column{"%MEM", 5, 5, Share},
    Column{"FOOTPR", 6, 7, [](const Row& row) { return Bytes(row, "footprint_bytes"); },
           SortKey::kFootprint},
    Column{"SWAP", 6, 10, [](const Row& row) { return Bytes(row, "swap_bytes"); }},
    Column{"CHANGE", 7, 0, Change},
    Column{"SINCE", 9, 1, Since, {}, true},
    Column{"RATE", 9, 1, Rate, SortKey::kGrowth},
    Column{"LEFT", 5, 6, Left},
    Column{"AGE", 4, 2, [](const Row& row) { return Duration(row, "age_seconds"); }, SortKey::kAge},
    Column{"CPU", 5, 9, [](const Row& row) { return Duration(row, "cpu_seconds"); }, SortKey::kCpu},
    Column{"FDS", 5, 3, [](const Row& row) { return Count(row, "open_fds"); },
           SortKey::kDescriptors},
    Column{"FDMAX", 5, 4, [](const Row& row) { return Count(row, "max_fds"); }},
    Column{"VERDICT", 8, 0, VerdictOf, {}, true},
    Column{"NAME", 0, 0, [](const Row& row) { return NameOf(View::kProcesses, row); }, {}, true},
};
constexpr std::array kGroupColumns{
    Column{"PROCS", 5, 0, [](const Row& row) { return Count(row, "processes"); }},
    Column{"RSS", 6, 0, [](const Row& row) { return Bytes(row, "resident_bytes"); }, SortKey::kRss},
    Column{"FOOTPR", 6, 4, [](const Row& row) { return Bytes(row, "footprint_bytes"); },
           SortKey::kFootprint},
    Column{"LARGEST", 7, 3, [](const Row& row) { return Bytes(row, "largest_footprint_bytes"); }},
    Column{"MEDIAN", 6, 3, [](const Row& row) { return Bytes(row, "median_footprint_bytes"); }},
    Column{"SWAP", 6, 8, [](const Row& row) { return Bytes(row, "swap_bytes"); }},
    Column{"CHANGE", 7, 0, Change},
    Column{"SINCE", 9, 1, Since, {}, true},
    Column{"RATE", 9, 1, Rate, SortKey::kGrowth},
    Column{"LEFT", 5, 5, Left},
    Column{"CPU", 5, 7, [](const Row& row) { return Duration(row, "cpu_seconds"); }, SortKey::kCpu},
    Column{"FDS", 5, 2, [](const Row& row) { return Count(row, "open_fds"); },
           SortKey::kDescriptors},
    Column{"VERDICT", 8, 0, VerdictOf, {}, true},
    Column{"NAME", 0, 0, [](const Row& row) { return NameOf(View::kGroups, row); }, SortKey::kPid,
           true},
};
constexpr std::array kContainerColumns{
    Column{"KIND", 9, 5, [](const Row& row) { return std::string(row.Text("kind")); }, {}, true},
    Column{"PROCS", 5, 6, [](const Row& row) { return Count(row, "processes"); }},
    Column{"USAGE", 6, 4, [](const Row& row) { return Bytes(row, "usage_bytes"); }},
    Column{"UNRECL", 6, 0, [](const Row& row) { return Bytes(row, "unreclaimable_bytes"); },
           SortKey::kRss},
    Column{"LIMIT", 6, 2, [](const Row& row) { return Bytes(row, "limit_bytes"); }},
    Column{"FOOTPR", 6, 8, [](const Row& row) { return Bytes(row, "footprint_bytes"); },
           SortKey::kFootprint},
    Column{"KERNEL", 6, 7, [](const Row& row) { return Bytes(row, "kernel_bytes"); }},
    Column{"CHANGE", 7, 0, Change},
    Column{"SINCE", 9, 1, Since, {}, true},
    Column{"RATE", 9, 1, Rate, SortKey::kGrowth},
    Column{"LEFT", 5, 3, Left},
    Column{"VERDICT", 8, 0, VerdictOf, {}, true},
    Column{"NAME", 0, 0, [](const Row& row) { return NameOf(View::kContainers, row); },
           SortKey::kPid, true},
};

std::span<const Column> AllColumns(View view) {
  if (view == View::kProcesses) return kProcessColumns;
  if (view == View::kGroups) return kGroupColumns;
  return kContainerColumns;
}

bool IsSortedBy(const Column& column, const Listing& listing) {
  // Keys that a list has no field for sort by another one, whose column it is then.
  return column.sort &&
         SortField(listing.view, *column.sort) == SortField(listing.view, listing.sort);
}

// In the order in which they stand.
std::vector<const Column*> ColumnsFor(const Listing& listing, size_t cells) {
  const std::span<const Column> all = AllColumns(listing.view);
  std::vector<const Column*> by_rank;
  for (const Column& column : all) by_rank.push_back(&column);
  const auto rank = [&](const Column* column) {
    return IsSortedBy(*column, listing) ? 0 : column->rank;
  };
  std::stable_sort(by_rank.begin(), by_rank.end(),
                   [&](const Column* a, const Column* b) { return rank(a) < rank(b); });
  std::vector<const Column*> chosen;
  size_t used = kLeastName;
  for (const Column* column : by_rank) {
    const bool is_name = column->cells == 0;
    const size_t wanted = is_name ? 0 : column->cells + 1;
    if (rank(column) > 0 && used + wanted > cells) break;
    used += wanted;
    chosen.push_back(column);
  }
  std::sort(chosen.begin(), chosen.end());  // they lie in one array
  return chosen;
}

// What is left for names beside these columns.
size_t NameCells(const std::vector<const Column*>& columns, size_t cells) {
  size_t used = 0;
  for (const Column* column : columns) {
    if (column->cells > 0) used += column->cells + 1;
  }
  return cells > used ? cells - used : 1;
}

Style StyleOf(const Row& row) {
  if (row.Holds("suspect")) return Style::kAlarm;
  const std::string_view state = row.Text("state");
  if (state == "growing") return Style::kWarning;
  return state == "unknown" || state.empty() ? Style::kDim : Style::kPlain;
}

}  // namespace

std::string NameOf(View view, const Row& row) {
  if (view == View::kGroups) return std::string(row.Text("group"));
  if (view == View::kContainers) {
    const std::string_view container = row.Text("container");
    if (!container.empty()) {
      std::string name;
      for (const std::string_view part : {row.Text("namespace"), row.Text("pod")}) {
        if (!part.empty()) name += std::string(part) + '/';
      }
      return name + std::string(container);
    }
    const std::string_view unit = row.Text("unit");
    return std::string(unit.empty() ? row.Text("cgroup") : unit);
  }
  std::string comm(row.Text("comm"));
  const std::string_view group = row.Text("group");
  // The kernel cuts names to 15 bytes; the group has all of it.
  if (group.starts_with(comm)) return std::string(group);
  // "python:worker.py" says what "python3" does.
  const size_t colon = group.find(':');
  if (colon != std::string_view::npos && comm.starts_with(group.substr(0, colon))) {
    return std::string(group);
  }
  if (group.empty() || group == "(kernel)") return comm;
  return comm + ' ' + std::string(group);
}

std::string VerdictOf(const Row& row) {
  if (row.Holds("suspect")) {
    if (row.leaks.size() > 1) return "LEAKS";
    // It grows, may be innocent, and has little time left.
    if (row.leaks.empty()) return "RUNS OUT";
    const std::string& what = row.leaks.front();
    if (what == "descriptors") return "FD LEAK";
    if (what == "shared memory") return "SHM LEAK";
    return what == "kernel memory" ? "KMEMLEAK" : "LEAK";
  }
  const std::string_view state = row.Text("state");
  if (state != "unknown") return std::string(state);
  const auto known_in = row.Number("known_in_seconds");
  return known_in ? "in " + CompactDuration(*known_in) : "unknown";
}

TextLine HeadingLine(const Listing& listing, TableWidth width) {
  TextLine line;
  const std::vector<const Column*> columns = ColumnsFor(listing, width.cells);
  const size_t name_cells = NameCells(columns, width.cells);
  bool sorted = false;
  for (const Column* column : columns) {
    if (!line.spans.empty()) line.spans.push_back({" ", Style::kHeading});
    const bool is_name = column->cells == 0;
    const bool fill = !is_name || width.cut_names;
    const size_t cells = is_name ? name_cells : column->cells;
    const std::string title(column->title);
    const bool is_sorted = !sorted && IsSortedBy(*column, listing);
    sorted = sorted || is_sorted;
    line.spans.push_back({!fill          ? title
                          : column->left ? LeftAligned(title, cells, Charset::kAscii)
                                         : RightAligned(title, cells, Charset::kAscii),
                          is_sorted ? Style::kChosen : Style::kHeading});
  }
  return line;
}

TextLine RowLine(const Row& row, const Listing& listing, TableWidth width, Charset charset) {
  TextLine line;
  const std::vector<const Column*> columns = ColumnsFor(listing, width.cells);
  const size_t name_cells = NameCells(columns, width.cells);
  const Style style = StyleOf(row);
  for (const Column* column : columns) {
    if (!line.spans.empty()) line.spans.push_back({" "});
    const std::string text = Harmless(column->text(row), charset);
    const bool is_name = column->cells == 0;
    const bool emphasised = is_name || column->title == "VERDICT";
    if (is_name && !width.cut_names) {
      line.spans.push_back({text, style});
      continue;
    }
    const size_t cells = is_name ? name_cells : column->cells;
    line.spans.push_back(
        {column->left ? LeftAligned(text, cells, charset) : RightAligned(text, cells, charset),
         emphasised ? style : Style::kPlain});
  }
  return line;
}

}  // namespace memleak
