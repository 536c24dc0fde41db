#include "exporter/cli/top/screen.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>
#include <vector>

#include "exporter/cli/top/compact.h"
#include "exporter/cli/top/details_page.h"
#include "exporter/cli/top/summary.h"

namespace memleak {
namespace {

constexpr size_t kFewestSuspects = 3;
constexpr size_t kRowsPerSuspect = 8;  // a taller screen shows more of them

// As on the clock of whoever looks.
std::string ClockText(double time) {
  const auto seconds = static_cast<time_t>(time);
  tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return {};
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &local)};
}

TextLine TitleLine(const Scene& scene) {
  TextLine line;
  line.spans.push_back({"memleak_exporter top", Style::kStrong});
  std::string text = " - ";
  if (scene.look != nullptr) {
    const std::string_view name = scene.look->node.node.Text("name");
    if (!name.empty()) text += Harmless(name, scene.charset) + ", ";
  }
  text += scene.source;
  if (scene.look != nullptr) text += ", " + ClockText(scene.look->node.time);
  line.spans.push_back({text});
  return line;
}

TextLine TroubleLine(const Scene& scene) {
  std::string text = "No answer";
  if (scene.look != nullptr) text += " since " + ClockText(scene.look->node.time);
  return TextLine(text + ", trying again: " + scene.trouble, Style::kAlarm);
}

// Everything above the table or the page.
std::vector<TextLine> HeadLines(const Scene& scene) {
  std::vector<TextLine> lines;
  lines.push_back(TitleLine(scene));
  if (!scene.trouble.empty()) lines.push_back(TroubleLine(scene));
  if (scene.look == nullptr) return lines;
  for (TextLine& line : NodeLines(scene.look->node, scene.charset))
    lines.push_back(std::move(line));
  const size_t most = std::max(kFewestSuspects, scene.size.rows / kRowsPerSuspect);
  for (TextLine& line : SuspectLines(*scene.look, most, scene.charset)) {
    lines.push_back(std::move(line));
  }
  return lines;
}

bool IsTable(Controls::Mode mode) {
  return mode != Controls::Mode::kDetails && mode != Controls::Mode::kHelp;
}

// Lines between the head and the last line, which is the keys' or a prompt's.
size_t BodyRows(const Scene& scene, size_t head_lines) {
  const size_t used = head_lines + 1;
  return scene.size.rows > used ? scene.size.rows - used : 0;
}

// Above the rows of a table: what it shows, and the heading.
constexpr size_t kTableHead = 2;

size_t TableRows(const Scene& scene) {
  const size_t body = BodyRows(scene, HeadLines(scene).size());
  return body > kTableHead ? body - kTableHead : 1;
}

const Row* RowAt(const Look& look, size_t index) {
  const auto offset = static_cast<size_t>(look.list.offset);
  if (index < offset || index - offset >= look.list.rows.size()) return nullptr;
  return &look.list.rows[index - offset];
}

// What the API calls a row of this list.
std::optional<Subject> SubjectOf(View view, const Row& row) {
  Subject subject{view, {}};
  switch (view) {
    case View::kProcesses: {
      const auto pid = row.Number("pid");
      if (!pid) return std::nullopt;
      subject.name = WholeNumber(*pid);
      break;
    }
    case View::kGroups:
      subject.name = row.Text("group");
      break;
    case View::kContainers:
      subject.name = row.Text("cgroup");
      break;
  }
  if (subject.name.empty()) return std::nullopt;
  return subject;
}

// Whether the answer is of the list that is wanted now, and not of the one before.
bool IsOfWish(const Scene& scene) {
  return scene.look != nullptr && scene.look->wish.listing == scene.controls->listing();
}

std::vector<TextLine> PageLines(const Scene& scene) {
  const Controls& controls = *scene.controls;
  if (controls.mode() == Controls::Mode::kHelp) return HelpLines();
  const std::optional<Subject>& subject = controls.subject();
  const bool answered = scene.look != nullptr && scene.look->wish.subject == subject;
  if (!answered || !subject) return {TextLine("asking...", Style::kDim)};
  if (!scene.look->details) {
    return {TextLine("It is gone. Esc goes back to the table.", Style::kWarning)};
  }
  return DetailLines(subject->view, *scene.look->details, scene.size.columns, scene.charset);
}

void AddTable(const Scene& scene, size_t rows, std::vector<TextLine>& lines) {
  const Controls& controls = *scene.controls;
  const TableWidth width{scene.size.columns, true};
  if (scene.look == nullptr) return;
  lines.emplace_back(ListSentence(*scene.look, scene.charset), Style::kDim);
  const Listing& listing = scene.look->wish.listing;
  lines.push_back(HeadingLine(listing, width));
  for (size_t i = 0; i < rows; ++i) {
    const size_t index = controls.first() + i;
    if (static_cast<double>(index) >= scene.look->list.matched) break;
    const Row* row = RowAt(*scene.look, index);
    TextLine line = row == nullptr ? TextLine("...", Style::kDim)
                                   : RowLine(*row, listing, width, scene.charset);
    line.selected = index == controls.cursor();
    lines.push_back(std::move(line));
  }
}

TextLine LastLine(const Scene& scene, Frame& frame) {
  const Controls& controls = *scene.controls;
  std::string prompt;
  switch (controls.mode()) {
    case Controls::Mode::kSearch:
      prompt = "Search in names (Esc clears): ";
      break;
    case Controls::Mode::kInterval:
      prompt = "Time between refreshes, in seconds or like 500ms (now " +
               CompactCount(static_cast<double>(controls.interval().count())) + " ms): ";
      break;
    case Controls::Mode::kTable:
      if (!controls.message().empty()) return TextLine(controls.message(), Style::kWarning);
      return TextLine(
          "q quit  h help  M RSS  G growth  F footprint  D fds  / search  s suspects  Enter "
          "details",
          Style::kDim);
    case Controls::Mode::kDetails:
    case Controls::Mode::kHelp:
      return TextLine("Esc or q back  arrows and PgDn scroll", Style::kDim);
  }
  const std::string text = prompt + Harmless(controls.typed(), scene.charset);
  frame.cursor = std::min(CellsOf(text), scene.size.columns - 1);
  return TextLine(text, Style::kStrong);
}

}  // namespace

Frame Drawn(const Scene& scene) {
  const Controls& controls = *scene.controls;
  Frame frame;
  frame.lines = HeadLines(scene);
  const size_t body = BodyRows(scene, frame.lines.size());
  if (IsTable(controls.mode())) {
    AddTable(scene, body > kTableHead ? body - kTableHead : 1, frame.lines);
  } else {
    const std::vector<TextLine> page = PageLines(scene);
    for (size_t i = controls.scrolled(); i < page.size() && i < controls.scrolled() + body; ++i) {
      frame.lines.push_back(page[i]);
    }
  }
  const size_t last = scene.size.rows - std::min<size_t>(scene.size.rows, 1);
  frame.lines.resize(last);
  frame.lines.push_back(LastLine(scene, frame));
  return frame;
}

Shown ShownOf(const Scene& scene) {
  Shown shown;
  shown.table_rows = TableRows(scene);
  shown.page_rows = std::max<size_t>(BodyRows(scene, HeadLines(scene).size()), 1);
  if (!IsTable(scene.controls->mode())) shown.page_lines = PageLines(scene).size();
  if (scene.look == nullptr) return shown;
  shown.matched = static_cast<size_t>(scene.look->list.matched);
  if (!IsOfWish(scene)) return shown;
  if (const Row* row = RowAt(*scene.look, scene.controls->cursor())) {
    shown.selected = SubjectOf(scene.controls->listing().view, *row);
  }
  return shown;
}

std::string PlainTable(const Scene& scene, TableWidth width) {
  std::vector<TextLine> lines = HeadLines(scene);
  const Listing& listing = scene.look->wish.listing;
  lines.emplace_back();
  lines.emplace_back(ListSentence(*scene.look, scene.charset));
  lines.push_back(HeadingLine(listing, width));
  for (const Row& row : scene.look->list.rows) {
    lines.push_back(RowLine(row, listing, width, scene.charset));
  }
  std::string text;
  for (const TextLine& line : lines) {
    std::string one = line.Text();
    one.erase(one.find_last_not_of(' ') + 1);
    text += one + '\n';
  }
  return text;
}

}  // namespace memleak
