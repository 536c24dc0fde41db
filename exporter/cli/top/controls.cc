#include "exporter/cli/top/controls.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "exporter/config/errors.h"
#include "exporter/config/units.h"

namespace memleak {
namespace {

constexpr size_t kMaxTyped = 100;  // bytes
constexpr size_t kMaxRows = 500;   // of one answer
constexpr std::chrono::milliseconds kShortestInterval{100};

struct Command {
  char key;
  std::string_view does;
};
constexpr std::array<Command, 21> kCommands{{
    {'M', "sort by RSS, what is in memory now"},
    {'F', "sort by footprint: anonymous and swapped out, which is what leaks"},
    {'G', "sort by growth"},
    {'D', "sort by descriptors"},
    {'P', "sort by CPU time"},
    {'N', "sort by pid, or by name"},
    {'T', "sort by age"},
    {'R', "the other way round"},
    {'p', "processes"},
    {'g', "groups of processes"},
    {'c', "containers, pods, units and limited cgroups"},
    {'s', "suspects only, and all again"},
    {'/', "search in the names; Esc clears it"},
    {'d', "time between refreshes"},
    {' ', "(space) refresh now"},
    {'h', "this help"},
    {'q', "quit; on a page, back to the table"},
    {'\n', "(Enter) reasons, evidence and history of the row"},
    {'\x1B', "(Esc) back; all rows again"},
    {'k', "up, as the arrow"},
    {'j', "down, as the arrow"},
}};

constexpr std::array<std::string_view, 6> kColumns{
    "RSS      in memory now; FOOTPR (footprint) is anonymous memory and what of it is swapped out",
    "CHANGE   of the footprint SINCE its baseline (base), or since it was first seen (seen)",
    "RATE     growth as the trend has it; LEFT is the time to the nearest limit",
    "VERDICT  LEAK, FD LEAK (descriptors), SHM LEAK (shared memory), KMEMLEAK (kernel memory);",
    "         RUNS OUT within hours, but may be innocent; growing, warming, steady;",
    "         in 12m: so long until something can be said",
};

// Without its last character of UTF-8.
void EraseLast(std::string& text) {
  while (!text.empty()) {
    const auto byte = static_cast<uint8_t>(text.back());
    text.pop_back();
    if ((byte & 0xC0) != 0x80) return;
  }
}

size_t Moved(size_t from, const Key& key, size_t page, size_t last) {
  switch (key.kind) {
    case Key::Kind::kUp:
      return from - std::min<size_t>(from, 1);
    case Key::Kind::kDown:
      return std::min(from + 1, last);
    case Key::Kind::kPageUp:
      return from - std::min(from, page);
    case Key::Kind::kPageDown:
      return std::min(from + page, last);
    case Key::Kind::kHome:
      return 0;
    case Key::Kind::kEnd:
      return last;
    default:
      return from;
  }
}

// j and k as in many pagers.
Key Translated(const Key& key) {
  if (key.character == "k") return Key::Kind::kUp;
  if (key.character == "j") return Key::Kind::kDown;
  return key;
}

}  // namespace

Controls::Effect Controls::Press(const Key& key, const Shown& shown) {
  message_.clear();
  Effect effect = Effect::kDraw;
  switch (mode_) {
    case Mode::kTable:
      effect = PressInTable(Translated(key), shown);
      break;
    case Mode::kSearch:
    case Mode::kInterval:
      effect = PressInPrompt(key);
      break;
    case Mode::kDetails:
    case Mode::kHelp:
      effect = PressOnPage(Translated(key), shown);
      break;
  }
  return effect;
}

Controls::Effect Controls::PressInTable(const Key& key, const Shown& shown) {
  switch (key.kind) {
    case Key::Kind::kCharacter:
      return key.character.size() == 1 ? PressCommand(key.character.front()) : Effect::kDraw;
    case Key::Kind::kEnter:
      if (!shown.selected) return Effect::kDraw;
      subject_ = shown.selected;
      mode_ = Mode::kDetails;
      scrolled_ = 0;
      return Effect::kAsk;
    case Key::Kind::kEscape:
      if (listing_.search.empty() && !listing_.suspects_only) return Effect::kDraw;
      listing_.search.clear();
      listing_.suspects_only = false;
      ToStart();
      return Effect::kAsk;
    default:
      break;
  }
  const size_t before = first_;
  cursor_ =
      Moved(cursor_, key, shown.table_rows, shown.matched - std::min<size_t>(shown.matched, 1));
  Fit(shown);
  return first_ == before ? Effect::kDraw : Effect::kAsk;
}

Controls::Effect Controls::PressCommand(char command) {
  switch (command) {
    case 'q':
      return Effect::kQuit;
    case 'M':
      return Sort(SortKey::kRss);
    case 'F':
      return Sort(SortKey::kFootprint);
    case 'G':
      return Sort(SortKey::kGrowth);
    case 'D':
      return Sort(SortKey::kDescriptors);
    case 'P':
      return Sort(SortKey::kCpu);
    case 'N':
      return Sort(SortKey::kPid);
    case 'T':
      return Sort(SortKey::kAge);
    case 'R':
      listing_.reverse = !listing_.reverse;
      ToStart();
      return Effect::kAsk;
    case 'p':
      return Show(View::kProcesses);
    case 'g':
      return Show(View::kGroups);
    case 'c':
      return Show(View::kContainers);
    case 's':
      listing_.suspects_only = !listing_.suspects_only;
      ToStart();
      return Effect::kAsk;
    case '/':
      typed_ = listing_.search;
      mode_ = Mode::kSearch;
      return Effect::kDraw;
    case 'd':
      typed_.clear();
      mode_ = Mode::kInterval;
      return Effect::kDraw;
    case 'h':
    case '?':
      mode_ = Mode::kHelp;
      scrolled_ = 0;
      return Effect::kDraw;
    case ' ':
      return Effect::kAsk;
    default:
      message_ = "h lists the keys";
      return Effect::kDraw;
  }
}

Controls::Effect Controls::PressInPrompt(const Key& key) {
  const bool search = mode_ == Mode::kSearch;
  switch (key.kind) {
    case Key::Kind::kCharacter:
      if (typed_.size() + key.character.size() <= kMaxTyped) typed_ += key.character;
      break;
    case Key::Kind::kBackspace:
      EraseLast(typed_);
      break;
    case Key::Kind::kEscape:
      mode_ = Mode::kTable;
      typed_.clear();
      if (!search) return Effect::kDraw;
      break;
    case Key::Kind::kEnter:
      mode_ = Mode::kTable;
      if (!search) SetInterval();
      return Effect::kAsk;
    default:
      return Effect::kDraw;
  }
  if (!search) return Effect::kDraw;
  // What is found shows while it is typed.
  listing_.search = typed_;
  ToStart();
  return Effect::kAsk;
}

Controls::Effect Controls::PressOnPage(const Key& key, const Shown& shown) {
  const bool back = key.kind == Key::Kind::kEscape || key.kind == Key::Kind::kEnter ||
                    key.kind == Key::Kind::kBackspace || key.character == "q";
  if (back || (mode_ == Mode::kHelp && key.character == "h")) {
    mode_ = Mode::kTable;
    subject_.reset();
    return Effect::kAsk;
  }
  if (key.character == " ") return Effect::kAsk;
  scrolled_ = Moved(scrolled_, key, shown.page_rows, shown.page_lines);
  Fit(shown);
  return Effect::kDraw;
}

Controls::Effect Controls::Sort(SortKey key) {
  if (SortField(listing_.view, key) == SortField(listing_.view, SortKey::kRss) &&
      key != SortKey::kRss) {
    message_ = "containers have no such field; sorted by unreclaimable memory";
  }
  listing_.sort = key;
  listing_.reverse = false;
  ToStart();
  return Effect::kAsk;
}

Controls::Effect Controls::Show(View view) {
  listing_.view = view;
  ToStart();
  return Effect::kAsk;
}

void Controls::ToStart() { first_ = cursor_ = 0; }

void Controls::SetInterval() {
  if (typed_.empty()) return;
  const bool bare = typed_.find_first_not_of("0123456789.") == std::string::npos;
  try {
    const std::chrono::milliseconds interval = ParseDuration(bare ? typed_ + 's' : typed_);
    if (interval < kShortestInterval) {
      message_ = "100ms is the shortest time between refreshes";
      return;
    }
    interval_ = interval;
  } catch (const UsageError&) {
    message_ = "that is no time; type seconds, or one like 500ms or 1m";
  }
}

void Controls::Fit(const Shown& shown) {
  const size_t rows = std::max<size_t>(shown.table_rows, 1);
  cursor_ = std::min(cursor_, shown.matched - std::min<size_t>(shown.matched, 1));
  if (cursor_ < first_) first_ = cursor_;
  if (cursor_ >= first_ + rows) first_ = cursor_ - rows + 1;
  // No empty space below the last row while there are rows above.
  first_ = std::min(first_, shown.matched - std::min(shown.matched, rows));
  scrolled_ = std::min(scrolled_, shown.page_lines - std::min(shown.page_lines, shown.page_rows));
}

Wish Controls::wish(size_t table_rows) const {
  Wish wish;
  wish.listing = listing_;
  wish.offset = first_ - std::min(first_, table_rows);
  wish.limit = std::clamp<size_t>(3 * table_rows, 1, kMaxRows);
  wish.subject = subject_;
  return wish;
}

std::vector<TextLine> HelpLines() {
  std::vector<TextLine> lines;
  lines.emplace_back("Keys", Style::kStrong);
  for (const Command& command : kCommands) {
    const bool visible = command.key > ' ';
    lines.emplace_back("  " + std::string(visible ? 1 : 0, command.key) +
                       std::string(visible ? "  " : "") + std::string(command.does));
  }
  lines.emplace_back();
  lines.emplace_back("Columns", Style::kStrong);
  for (const std::string_view text : kColumns) lines.emplace_back("  " + std::string(text));
  return lines;
}

}  // namespace memleak
