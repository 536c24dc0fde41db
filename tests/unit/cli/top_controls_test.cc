#include <chrono>
#include <string>

#include "exporter/cli/top/controls.h"
#include "tests/catch.h"
#include "tests/unit/cli/top_support.h"

namespace memleak {
namespace {

using Effect = Controls::Effect;
using Kind = Key::Kind;
using Mode = Controls::Mode;
using std::chrono::milliseconds;

Controls Started() { return {SortKey::kRss, milliseconds(2000)}; }

// A list of 100 rows, of which 10 fit.
Shown Hundred() {
  Shown shown;
  shown.table_rows = 10;
  shown.matched = 100;
  shown.selected = Subject{View::kProcesses, "4711"};
  return shown;
}

Effect Type(Controls& controls, const std::string& text, const Shown& shown = Hundred()) {
  Effect effect = Effect::kDraw;
  for (const char c : text) effect = controls.Press(Key(std::string(1, c)), shown);
  return effect;
}

TEST_CASE("letters sort as in top") {
  Controls controls = Started();
  struct Case {
    const char* letter;
    SortKey sort;
  };
  for (const Case& each :
       {Case{"F", SortKey::kFootprint}, Case{"G", SortKey::kGrowth},
        Case{"D", SortKey::kDescriptors}, Case{"P", SortKey::kCpu}, Case{"N", SortKey::kPid},
        Case{"T", SortKey::kAge}, Case{"M", SortKey::kRss}}) {
    Type(controls, "R");
    CHECK(controls.listing().reverse);
    CHECK(Type(controls, each.letter) == Effect::kAsk);
    CHECK(controls.listing().sort == each.sort);
    CHECK_FALSE(controls.listing().reverse);  // the usual way round first
  }
  CHECK(Type(controls, "R") == Effect::kAsk);
  CHECK(controls.listing().reverse);
  CHECK(Type(controls, "R") == Effect::kAsk);
  CHECK_FALSE(controls.listing().reverse);
}

TEST_CASE("the three lists, and suspects only") {
  Controls controls = Started();
  CHECK(Type(controls, "g") == Effect::kAsk);
  CHECK(controls.listing().view == View::kGroups);
  CHECK(Type(controls, "c") == Effect::kAsk);
  CHECK(controls.listing().view == View::kContainers);
  Type(controls, "D");
  CHECK_THAT(controls.message(), ContainsText("no such field"));
  CHECK(Type(controls, "p") == Effect::kAsk);
  CHECK(controls.message().empty());
  CHECK(controls.listing().view == View::kProcesses);
  CHECK(Type(controls, "s") == Effect::kAsk);
  CHECK(controls.listing().suspects_only);
  CHECK(controls.Press(Kind::kEscape, Hundred()) == Effect::kAsk);
  CHECK_FALSE(controls.listing().suspects_only);
  CHECK(controls.Press(Kind::kEscape, Hundred()) == Effect::kDraw);
}

TEST_CASE("q quits, space asks at once, what means nothing says so") {
  Controls controls = Started();
  CHECK(Type(controls, " ") == Effect::kAsk);
  CHECK(Type(controls, "x") == Effect::kDraw);
  CHECK_THAT(controls.message(), ContainsText("h lists the keys"));
  CHECK(controls.Press(Key(std::string("ß")), Hundred()) == Effect::kDraw);
  CHECK(Type(controls, "q") == Effect::kQuit);
}

TEST_CASE("moving in a list") {
  Controls controls = Started();
  const Shown shown = Hundred();
  CHECK(controls.Press(Kind::kUp, shown) == Effect::kDraw);
  CHECK(controls.cursor() == 0);
  for (int i = 0; i < 9; ++i) CHECK(controls.Press(Kind::kDown, shown) == Effect::kDraw);
  CHECK(controls.cursor() == 9);
  CHECK(controls.first() == 0);
  // Beyond the rows that are shown: others are asked for.
  CHECK(controls.Press(Kind::kDown, shown) == Effect::kAsk);
  CHECK(controls.first() == 1);
  CHECK(controls.Press(Kind::kPageDown, shown) == Effect::kAsk);
  CHECK(controls.cursor() == 20);
  CHECK(controls.Press(Kind::kEnd, shown) == Effect::kAsk);
  CHECK(controls.cursor() == 99);
  CHECK(controls.first() == 90);
  CHECK(controls.Press(Kind::kDown, shown) == Effect::kDraw);
  CHECK(controls.Press(Kind::kPageUp, shown) == Effect::kAsk);
  CHECK(controls.cursor() == 89);
  CHECK(controls.Press(Kind::kHome, shown) == Effect::kAsk);
  CHECK(controls.cursor() == 0);
  CHECK(controls.first() == 0);
  Type(controls, "jjk");
  CHECK(controls.cursor() == 1);
}

TEST_CASE("the rows around those that are shown are asked for, too") {
  Controls controls = Started();
  CHECK(controls.wish(10).offset == 0);
  CHECK(controls.wish(10).limit == 30);
  controls.Press(Kind::kEnd, Hundred());
  CHECK(controls.wish(10).offset == 80);
  CHECK(controls.wish(100'000).limit == 500);
}

TEST_CASE("a list that gets shorter keeps the cursor in it") {
  Controls controls = Started();
  Shown shown = Hundred();
  controls.Press(Kind::kEnd, shown);
  shown.matched = 5;
  controls.Fit(shown);
  CHECK(controls.cursor() == 4);
  CHECK(controls.first() == 0);
  shown.matched = 0;
  controls.Fit(shown);
  CHECK(controls.cursor() == 0);
  CHECK(controls.first() == 0);
  controls.Press(Kind::kEnd, shown);
  controls.Press(Kind::kPageDown, shown);
  CHECK(controls.cursor() == 0);
}

TEST_CASE("searching") {
  Controls controls = Started();
  controls.Press(Kind::kEnd, Hundred());
  CHECK(Type(controls, "/") == Effect::kDraw);
  CHECK(controls.mode() == Mode::kSearch);
  // Letters are text now, and what is found shows while it is typed.
  CHECK(Type(controls, "qM") == Effect::kAsk);
  CHECK(controls.listing().search == "qM");
  CHECK(controls.cursor() == 0);
  controls.Press(Key(std::string("ü")), Hundred());
  CHECK(controls.listing().search == "qMü");
  controls.Press(Kind::kBackspace, Hundred());  // a character, not a byte
  CHECK(controls.listing().search == "qM");
  CHECK(controls.Press(Kind::kEnter, Hundred()) == Effect::kAsk);
  CHECK(controls.mode() == Mode::kTable);
  CHECK(controls.listing().search == "qM");
  Type(controls, "/");
  CHECK(controls.typed() == "qM");  // to go on from
  CHECK(controls.Press(Kind::kEscape, Hundred()) == Effect::kAsk);
  CHECK(controls.listing().search.empty());
  Type(controls, "/" + std::string(1000, 'x'));
  CHECK(controls.listing().search.size() == 100);
  for (int i = 0; i < 200; ++i) controls.Press(Kind::kBackspace, Hundred());
  CHECK(controls.listing().search.empty());
}

TEST_CASE("the time between refreshes") {
  Controls controls = Started();
  CHECK(Type(controls, "d") == Effect::kDraw);
  CHECK(controls.mode() == Mode::kInterval);
  Type(controls, "0.5");
  CHECK(controls.Press(Kind::kEnter, Hundred()) == Effect::kAsk);
  CHECK(controls.interval() == milliseconds(500));
  Type(controls, "d1m");
  controls.Press(Kind::kEnter, Hundred());
  CHECK(controls.interval() == milliseconds(60'000));
  for (const char* wrong : {"d0.01", "dsoon", "d-1", "d1.2.3", "d99999999999999"}) {
    INFO(wrong);
    Type(controls, wrong);
    controls.Press(Kind::kEnter, Hundred());
    CHECK(controls.interval() == milliseconds(60'000));
    CHECK_FALSE(controls.message().empty());
    CHECK(controls.mode() == Mode::kTable);
  }
  Type(controls, "d7");
  controls.Press(Kind::kEscape, Hundred());
  CHECK(controls.interval() == milliseconds(60'000));
  CHECK(controls.listing().search.empty());
  Type(controls, "d");
  controls.Press(Kind::kEnter, Hundred());  // nothing typed: as it was
  CHECK(controls.interval() == milliseconds(60'000));
}

TEST_CASE("one process and back") {
  Controls controls = Started();
  Shown shown = Hundred();
  shown.selected.reset();
  CHECK(controls.Press(Kind::kEnter, shown) == Effect::kDraw);
  CHECK(controls.mode() == Mode::kTable);
  shown = Hundred();
  CHECK(controls.Press(Kind::kEnter, shown) == Effect::kAsk);
  CHECK(controls.mode() == Mode::kDetails);
  CHECK(controls.wish(10).subject == shown.selected);
  shown.page_lines = 30;
  shown.page_rows = 20;
  for (int i = 0; i < 15; ++i) controls.Press(Kind::kDown, shown);
  CHECK(controls.scrolled() == 10);  // the last line is shown, and nothing below it
  controls.Press(Kind::kHome, shown);
  CHECK(controls.scrolled() == 0);
  controls.Press(Kind::kPageDown, shown);
  CHECK(controls.scrolled() == 10);
  CHECK(Type(controls, "M", shown) == Effect::kDraw);
  CHECK(Type(controls, "q", shown) == Effect::kAsk);
  CHECK(controls.mode() == Mode::kTable);
  CHECK_FALSE(controls.wish(10).subject);
}

TEST_CASE("the help names every key") {
  Controls controls = Started();
  Type(controls, "h");
  CHECK(controls.mode() == Mode::kHelp);
  Type(controls, "h");
  CHECK(controls.mode() == Mode::kTable);
  std::string help;
  for (const std::string& text : TextsOf(HelpLines())) {
    CHECK(text.size() <= 100);
    help += text + '\n';
  }
  for (const char key : std::string("MFGDPNTRpgcs/dhq")) {
    CHECK_THAT(help, ContainsText("\n  " + std::string(1, key) + "  "));
  }
}

}  // namespace
}  // namespace memleak
