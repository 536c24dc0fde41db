#include "exporter/web/index_page.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

constexpr size_t kRows = 20;
constexpr std::string_view kUnknown = "–";

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>memleak_exporter</title>
<style>
:root {
  color-scheme: light dark;
  --text: #1c2128; --quiet: #656d76; --line: #d8dee4; --back: #ffffff; --stripe: #f6f8fa;
  --accent: #0a5bc4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --quiet: #8d96a0; --line: #30363d; --back: #0d1117; --stripe: #161b22;
    --accent: #58a6ff;
  }
}
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem;
  font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
}
h1 { font-size: 1.5rem; margin: 0; }
p { margin: .25rem 0 1rem; color: var(--quiet); }
a { color: var(--accent); }
nav a { margin-right: 1rem; }
.wide { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid var(--line); font-weight: 600; }
td { border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--stripe); }
.text { text-align: left; }
td.text { max-width: 18rem; overflow: hidden; text-overflow: ellipsis; }
</style>
</head>
<body>
<h1>memleak_exporter</h1>
)";

constexpr std::string_view kTableHead = R"(<div class="wide"><table>
<caption>Largest processes by resident memory</caption>
<thead><tr><th scope="col">pid</th><th scope="col" class="text">user</th>
<th scope="col" class="text">command</th><th scope="col" class="text">group</th>
<th scope="col">resident</th><th scope="col">anonymous</th><th scope="col">swap</th>
<th scope="col" title="anonymous memory and swap, as a share of all memory">footprint</th>
<th scope="col">descriptors</th><th scope="col">threads</th><th scope="col">age</th></tr></thead>
<tbody>
)";

// Appends text from the host: valid UTF-8 of bounded length, no markup, no control characters.
void AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : ValidUtf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\uFFFD";
        } else {
          out += c;
        }
    }
  }
}

template <typename... Values>
std::string Printed(const char* format, Values... values) {
  std::array<char, 64> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), format, values...));
  return text.data();
}

std::string Bytes(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Printed(unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
}

std::string Age(double seconds) {
  const auto whole = static_cast<uint64_t>(std::max(seconds, 0.0));
  const auto print = [](uint64_t large, char large_unit, uint64_t small, char small_unit) {
    return Printed("%" PRIu64 "%c %02" PRIu64 "%c", large, large_unit, small, small_unit);
  };
  if (whole >= 86400) return print(whole / 86400, 'd', whole / 3600 % 24, 'h');
  if (whole >= 3600) return print(whole / 3600, 'h', whole / 60 % 60, 'm');
  return print(whole / 60, 'm', whole % 60, 's');
}

// A cell of ours, or the sign for what is not known.
void AppendCell(std::string& out, const std::optional<std::string>& text) {
  out += "<td>";
  if (text) {
    out += *text;
  } else {
    out += kUnknown;
  }
  out += "</td>";
}

// A cell of the host's text, which is kept from turning the reading direction of its neighbours.
void AppendTextCell(std::string& out, std::string_view text) {
  out += "<td class=\"text\"><bdi>";
  if (text.empty()) {
    out += kUnknown;
  } else {
    AppendEscaped(out, text);
  }
  out += "</bdi></td>";
}

void AppendLink(std::string& out, std::string_view path, std::string_view label) {
  out += "<a href=\"";
  AppendEscaped(out, path);
  out += "\">";
  out += label;
  out += "</a>\n";
}

std::optional<uint64_t> MemInfoBytes(const Snapshot& snapshot, MemInfoField field) {
  if (!snapshot.node.meminfo) return std::nullopt;
  return (*snapshot.node.meminfo)[static_cast<size_t>(field)];
}

std::optional<std::string> BytesIfKnown(std::optional<uint64_t> bytes) {
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

std::optional<std::string> CountIfKnown(std::optional<uint64_t> count) {
  if (!count) return std::nullopt;
  return std::to_string(*count);
}

std::optional<std::string> Share(std::optional<uint64_t> part, std::optional<uint64_t> whole) {
  if (!part || !whole || *whole == 0) return std::nullopt;
  return Printed("%.1f %%", 100 * static_cast<double>(*part) / static_cast<double>(*whole));
}

void AppendSummary(std::string& out, const Snapshot& snapshot) {
  out += "<p>";
  if (snapshot.processes_listed) {
    const size_t count = snapshot.processes->size();
    out += std::to_string(count);
    out += count == 1 ? " process" : " processes";
  } else {
    out += "The processes could not be listed";
  }
  const auto total = MemInfoBytes(snapshot, MemInfoField::kTotal);
  const auto available = MemInfoBytes(snapshot, MemInfoField::kAvailable);
  if (total && available) {
    out += " · " + Bytes(*available) + " of " + Bytes(*total) + " memory available";
  }
  out += "</p>\n";
}

void AppendRow(std::string& out, const Process& process, const PassTime& time,
               std::optional<uint64_t> total_memory) {
  const ProcessSample& sample = process.sample;
  std::string user = process.names.user;
  if (user.empty() && sample.uid) user = std::to_string(*sample.uid);

  out += "<tr>";
  AppendCell(out, std::to_string(sample.pid));
  AppendTextCell(out, user);
  AppendTextCell(out, sample.comm.view());
  AppendTextCell(out, process.group != nullptr ? process.group->name : std::string_view());
  AppendCell(out, BytesIfKnown(sample.memory.Get(MemoryField::kResident)));
  AppendCell(out, BytesIfKnown(sample.memory.Get(MemoryField::kAnon)));
  AppendCell(out, BytesIfKnown(sample.memory.Get(MemoryField::kSwap)));
  AppendCell(out, Share(sample.memory.Footprint(), total_memory));
  AppendCell(out, CountIfKnown(sample.open_fds));
  AppendCell(out, std::to_string(sample.threads));
  AppendCell(out, Age(time.Age(sample.start_ticks)));
  out += "</tr>\n";
}

// Those whose resident memory is known, largest first; equal ones by pid, so that a reload does not
// shuffle them.
std::vector<const Process*> Largest(const std::vector<Process*>& processes) {
  std::vector<std::pair<uint64_t, const Process*>> known;
  known.reserve(processes.size());
  for (const Process* process : processes) {
    const auto resident = process->sample.memory.Get(MemoryField::kResident);
    if (resident) known.emplace_back(*resident, process);
  }
  const size_t count = std::min(kRows, known.size());
  std::partial_sort(known.begin(), known.begin() + static_cast<ptrdiff_t>(count), known.end(),
                    [](const auto& a, const auto& b) {
                      if (a.first != b.first) return a.first > b.first;
                      return a.second->sample.pid < b.second->sample.pid;
                    });
  std::vector<const Process*> largest;
  for (size_t i = 0; i < count; ++i) largest.push_back(known[i].second);
  return largest;
}

}  // namespace

std::string IndexPage(const Snapshot& snapshot, std::string_view telemetry_path) {
  std::string page(kHead);
  AppendSummary(page, snapshot);
  page += "<nav>";
  AppendLink(page, telemetry_path, "Metrics");
  AppendLink(page, "/-/healthy", "Health");
  AppendLink(page, "/-/ready", "Readiness");
  page += "</nav>\n";
  if (snapshot.processes_listed) {
    const auto total_memory = MemInfoBytes(snapshot, MemInfoField::kTotal);
    page += kTableHead;
    for (const Process* process : Largest(*snapshot.processes)) {
      AppendRow(page, *process, snapshot.time, total_memory);
    }
    page += "</tbody></table></div>\n";
  }
  page += "</body>\n</html>\n";
  return page;
}

}  // namespace memleak
