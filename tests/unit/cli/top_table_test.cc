#include <clocale>
#include <set>
#include <string>
#include <vector>

#include "exporter/cli/top/details_page.h"
#include "exporter/cli/top/summary.h"
#include "exporter/cli/top/table.h"
#include "tests/catch.h"
#include "tests/unit/cli/top_support.h"

namespace memleak {
namespace {

std::string Heading(const Listing& listing, size_t cells) {
  return TextsOf({HeadingLine(listing, {cells, true})})[0];
}

std::string Shown(const Row& row, const Listing& listing, size_t cells) {
  return TextsOf({RowLine(row, listing, {cells, true}, Charset::kAscii)})[0];
}

TEST_CASE("on 80 columns") {
  const Listing listing;
  CHECK(Heading(listing, 80) ==
        "    PID    RSS  CHANGE SINCE          RATE  AGE   FDS VERDICT  NAME");
  CHECK(Shown(LeakingProcess(), listing, 80) ==
        "   4711   310M   +100M base 2.0h   50.0M/h  24h  3900 LEAK     java:service.jar");
  CHECK(Shown(NewProcess(), listing, 80) ==
        "     12  4.00K       0 seen 2s               3s       in 8m    sh");
}

TEST_CASE("no width is too small, and no line is longer than it") {
  for (const View view : {View::kProcesses, View::kGroups, View::kContainers}) {
    for (size_t cells = 1; cells < 260; ++cells) {
      Listing listing;
      listing.view = view;
      const TextLine heading = HeadingLine(listing, {cells, true});
      const TextLine row = RowLine(LeakingProcess(), listing, {cells, true}, Charset::kAscii);
      CHECK(CellsOf(heading.Text()) == CellsOf(row.Text()));
      // What is always there takes about fifty.
      if (cells >= 60) CHECK(CellsOf(row.Text()) == cells);
    }
  }
}

TEST_CASE("wider screens have more columns, and never fewer") {
  std::set<std::string> before;
  for (size_t cells = 60; cells < 200; ++cells) {
    std::set<std::string> titles;
    for (const Span& span : HeadingLine({}, {cells, true}).spans) {
      std::string title = span.text;
      title.erase(0, title.find_first_not_of(' '));
      title.erase(title.find_last_not_of(' ') + 1);
      titles.insert(title);
    }
    for (const std::string& title : before) CHECK(titles.count(title) == 1);
    before = titles;
  }
  for (const char* title : {"%MEM", "FOOTPR", "USER", "LEFT", "FDMAX", "SWAP", "CPU"}) {
    CHECK(before.count(title) == 1);
  }
  CHECK(before.count("VSZ") == 0);
}

TEST_CASE("what it is sorted by is always there") {
  Listing listing;
  for (const auto& [key, title] : {std::pair<SortKey, const char*>{SortKey::kFootprint, "FOOTPR"},
                                   {SortKey::kCpu, "CPU"},
                                   {SortKey::kDescriptors, "FDS"},
                                   {SortKey::kAge, "AGE"},
                                   {SortKey::kGrowth, "RATE"}}) {
    listing.sort = key;
    CHECK_THAT(Heading(listing, 60), ContainsText(title));
  }
}

TEST_CASE("names are whole where nothing bounds them") {
  Row row = LeakingProcess();
  row.texts["group"] = "java:" + std::string(200, 'x');
  const TextLine line = RowLine(row, {}, {80, false}, Charset::kAscii);
  CHECK_THAT(line.Text(), ContainsText(std::string(200, 'x')));
  CHECK_THAT(Shown(row, {}, 80), !ContainsText(std::string(20, 'x')));
}

TEST_CASE("how things are called") {
  const auto process = [](const char* comm, const char* group) {
    Row row;
    row.texts = {{"comm", comm}, {"group", group}};
    return NameOf(View::kProcesses, row);
  };
  CHECK(process("nginx", "nginx") == "nginx");
  CHECK(process("billing-service", "billing-service-of-the-north") ==
        "billing-service-of-the-north");
  CHECK(process("python3", "python:worker.py") == "python:worker.py");
  CHECK(process("java", "shop/checkout/app") == "java shop/checkout/app");
  CHECK(process("kworker/0:1", "(kernel)") == "kworker/0:1");
  Row container;
  container.texts = {{"cgroup", "/a/b"}};
  CHECK(NameOf(View::kContainers, container) == "/a/b");
  container.texts["unit"] = "nginx.service";
  CHECK(NameOf(View::kContainers, container) == "nginx.service");
  container.texts["container"] = "app";
  container.texts["pod"] = "checkout-1";
  container.texts["namespace"] = "shop";
  CHECK(NameOf(View::kContainers, container) == "shop/checkout-1/app");
}

TEST_CASE("verdicts") {
  Row row = LeakingProcess();
  CHECK(VerdictOf(row) == "LEAK");
  row.leaks = {"descriptors"};
  CHECK(VerdictOf(row) == "FD LEAK");
  row.leaks = {"shared memory"};
  CHECK(VerdictOf(row) == "SHM LEAK");
  row.leaks = {"kernel memory"};
  CHECK(VerdictOf(row) == "KMEMLEAK");
  row.leaks = {"memory", "descriptors"};
  CHECK(VerdictOf(row) == "LEAKS");
  row.leaks.clear();
  CHECK(VerdictOf(row) == "RUNS OUT");
  row.numbers["suspect"] = 0;
  row.texts["state"] = "steady";
  CHECK(VerdictOf(row) == "steady");
  CHECK(VerdictOf(NewProcess()) == "in 8m");
}

TEST_CASE("a hostile name is text in its column") {
  REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr);
  Row row = LeakingProcess();
  row.texts["comm"] = "\x1b[2J\x1b[31m";
  const std::string right_to_left{'\xE2', '\x80', '\xAE'};
  row.texts["group"] = "日本\n" + right_to_left + "evil";
  row.texts["user"] = "\x07";
  row.texts["state"] = "\x1b";
  row.numbers["suspect"] = 0;
  for (size_t cells = 60; cells < 200; ++cells) {
    const std::string text = RowLine(row, {}, {cells, true}, Charset::kUtf8).Text();
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find('\x07') == std::string::npos);
    CHECK(CellsOf(text) == cells);
  }
}

TEST_CASE("the node in two lines") {
  NodeDocument document;
  document.time = 10'000;
  document.node.numbers = {{"memory_total_bytes", 8.0 * (1 << 30)},
                           {"memory_available_bytes", 2.0 * (1 << 30)},
                           {"swap_total_bytes", 4.0 * (1 << 30)},
                           {"swap_free_bytes", 3.0 * (1 << 30)},
                           {"swap_in_bytes_per_second", 0},
                           {"swap_out_bytes_per_second", 3.0 * (1 << 20)},
                           {"pressure_waiting_share", 0.012},
                           {"pressure_stalled_share", 0},
                           {"oom_kills", 3}};
  document.last_oom_kill = Row{};
  document.last_oom_kill->numbers = {{"time", 2800}, {"pid", 47110}};
  document.last_oom_kill->texts = {{"comm", "ja\x1bva"}, {"group", "ja\x1bva"}};
  CHECK(TextsOf(NodeLines(document, Charset::kAscii)) ==
        std::vector<std::string>{
            "Memory: 2 GiB of 8 GiB available   Swap: 1 GiB of 4 GiB used, fills at 3.00 MiB/s",
            "Pressure: 1.2 % waiting for memory, 0.0 % stalled   Last OOM kill: ja\\x1bva (pid "
            "47110) 2.00 h ago"});
  document.last_oom_kill.reset();
  document.node.numbers = {{"memory_total_bytes", 1024},
                           {"memory_available_bytes", 512},
                           {"swap_total_bytes", 0},
                           {"swap_free_bytes", 0},
                           {"oom_kills", 0},
                           {"exhaustion_seconds", 7200}};
  CHECK(TextsOf(NodeLines(document, Charset::kAscii)) ==
        std::vector<std::string>{
            "Memory: 512 B of 1 KiB available, gone in 2.00 h at this rate   no swap",
            "no OOM kills since boot"});
  // What is unknown is not 0.
  CHECK(TextsOf(NodeLines({}, Charset::kAscii)) == std::vector<std::string>{"", ""});
}

TEST_CASE("suspects in plain words") {
  Look look;
  look.suspects = {LeakingProcess()};
  CHECK(
      TextsOf(SuspectLines(look, 3, Charset::kAscii)) ==
      std::vector<std::string>{"Suspect: java:service.jar, pid 4711: memory climbs 50.0 MiB/h, at "
                               "the limit in 3.20 h"});
  Row group;
  group.texts = {{"group", "loop"}};
  group.numbers = {{"processes", 3}, {"fd_exhaustion_seconds", 600}};
  group.leaks = {"descriptors", "shared memory"};
  look.suspects.push_back(group);
  CHECK(TextsOf(SuspectLines(look, 3, Charset::kAscii))[1] ==
        "Suspect: loop, 3 processes: descriptors climb, at the limit in 10 min; shared memory "
        "climbs");
  group.leaks.clear();
  CHECK(SuspectSentence(group, Charset::kAscii) ==
        "loop, 3 processes: runs out soon: descriptors climb, at the limit in 10 min");
  look.suspects.resize(5, group);
  CHECK(TextsOf(SuspectLines(look, 3, Charset::kAscii))[2] ==
        "... and 3 more suspects (s lists them)");
}

TEST_CASE("no suspects, and since when that means something") {
  Look look;
  CHECK(TextsOf(SuspectLines(look, 3, Charset::kAscii))[0] == "Suspects: none");
  look.list.rows = {NewProcess(), NewProcess()};
  look.list.rows[1].numbers["known_in_seconds"] = 600;
  CHECK(TextsOf(SuspectLines(look, 3, Charset::kAscii))[0] ==
        "Suspects: none yet; the first verdict is possible in 8 min");
  look.list.rows[1].texts["state"] = "steady";
  CHECK(TextsOf(SuspectLines(look, 3, Charset::kAscii))[0] == "Suspects: none");
}

TEST_CASE("what the table is of") {
  Look look;
  look.list.total = 5012;
  look.list.matched = 5012;
  CHECK(ListSentence(look, Charset::kAscii) == "5,012 processes, largest RSS first");
  look.list.matched = 12;
  look.wish.listing.search = "ja\x1bva";
  look.wish.listing.suspects_only = true;
  look.wish.listing.sort = SortKey::kGrowth;
  look.wish.listing.reverse = true;
  CHECK(ListSentence(look, Charset::kAscii) ==
        "12 of 5,012 processes, slowest growth first, suspects only, with \"ja\\x1bva\" in a name");
}

TEST_CASE("a page of one process") {
  Details details;
  details.row = LeakingProcess();
  details.row.texts["exe"] = "/usr/bin/java\x1b[2J";
  Details::Resource memory;
  memory.figures.numbers = {
      {"leak_suspected", 1}, {"growth_per_second", 1200.5}, {"exhaustion_seconds", 275000}};
  memory.figures.texts = {{"resource", "memory"}, {"state", "leaking"}, {"confidence", "likely"}};
  memory.reasons = {"grew from 100 MiB to 196 MiB in 22.4 h"};
  details.resources = {memory};
  details.evidence = {"heap grew by 310 MiB of 320 MiB in 2.00 h"};
  Row command;
  command.texts = {{"command", "jcmd 4711 GC.class_histogram"}, {"shows", "which class grows"}};
  details.commands = {command};
  Details::Plot plot;
  plot.name = "memory";
  for (int i = 0; i < 40; ++i) plot.points.emplace_back(1e9 + i * 60, 1e8 + i * 1e6);
  plot.points.emplace_back(1e9, 7);  // not in order: left out
  details.plots = {plot};
  details.regions_missing = "denied";

  std::string all;
  for (const std::string& text :
       TextsOf(DetailLines(View::kProcesses, details, 80, Charset::kAscii))) {
    CHECK(text.size() <= 80);
    CHECK(text.find('\x1b') == std::string::npos);
    all += text + '\n';
  }
  for (const char* text :
       {"java:service.jar, pid 4711\n", "exe /usr/bin/java\\x1b[2J\n",
        "memory: leaks (likely), 4.12 MiB/h, at its limit in 3.18 d\n",
        "  grew from 100 MiB to 196 MiB in 22.4 h\n", "heap grew by 310 MiB of 320 MiB in 2.00 h\n",
        "jcmd 4711 GC.class_histogram\n", "  which class grows\n",
        "memory, 95.4 MiB to 133 MiB, 2001-09-09 01:46 to 02:25 UTC\n",
        "footprint +100M since its baseline, 2.00 h ago\n", "not known: denied\n"}) {
    CHECK_THAT(all, ContainsText(text));
  }
  // A character at the edge is on this line or on the next one.
  REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr);
  Details wide;
  for (int i = 0; i < 60; ++i) wide.row.texts["comm"] += i % 3 == 0 ? "日" : "é";
  for (size_t cells = 20; cells < 60; ++cells) {
    std::string whole;
    for (const TextLine& line : DetailLines(View::kProcesses, wide, cells, Charset::kUtf8)) {
      CHECK(CellsOf(line.Text()) <= cells);
      for (const char c : line.Text()) whole += c == ' ' ? "" : std::string(1, c);
    }
    CHECK_THAT(whole, ContainsText(wide.row.texts["comm"]));
  }
  // Nothing is lost on a narrow one.
  for (size_t cells = 1; cells < 60; ++cells) {
    std::string words;
    for (const std::string& text :
         TextsOf(DetailLines(View::kProcesses, details, cells, Charset::kAscii))) {
      if (cells >= 20) CHECK(text.size() <= cells);
      for (const char c : text) words += c == ' ' ? "" : std::string(1, c);
    }
    CHECK_THAT(words, ContainsText("heapgrewby310MiBof320MiBin2.00h"));
    CHECK_THAT(words, ContainsText("jcmd4711GC.class_histogram"));
  }
}

}  // namespace
}  // namespace memleak
