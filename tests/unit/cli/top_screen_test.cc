#include <string>
#include <vector>

#include "exporter/cli/top/screen.h"
#include "tests/catch.h"
#include "tests/unit/cli/top_support.h"

namespace memleak {
namespace {

Look TwoProcesses() {
  Look look;
  look.node.time = 1e9;
  look.node.node.texts = {{"name", "a17"}};
  look.node.node.numbers = {{"memory_total_bytes", 2048}, {"memory_available_bytes", 1024}};
  look.suspects = {LeakingProcess()};
  look.list.total = look.list.matched = 2;
  look.list.rows = {LeakingProcess(), NewProcess()};
  return look;
}

struct Stage {
  Look look = TwoProcesses();
  Controls controls{SortKey::kRss, std::chrono::milliseconds(2000)};
  ScreenSize size;
  std::string trouble;

  Scene scene() const {
    Scene scene;
    scene.source = "http://localhost:10078";
    scene.trouble = trouble;
    scene.look = &look;
    scene.controls = &controls;
    scene.size = size;
    return scene;
  }
  std::vector<std::string> Texts() const { return TextsOf(Drawn(scene()).lines); }
  void Press(const Key& key) { controls.Press(key, ShownOf(scene())); }
  void Press(const std::string& character) { Press(Key(character)); }
};

std::string All(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + '\n';
  return all;
}

TEST_CASE("a screen of 24 lines") {
  const Stage stage;
  const std::vector<std::string> texts = stage.Texts();
  REQUIRE(texts.size() == 24);
  CHECK_THAT(texts[0], ContainsText("memleak_exporter top - a17, http://localhost:10078, "));
  CHECK(texts[1] == "Memory: 1 KiB of 2 KiB available");
  CHECK_THAT(texts[3], ContainsText("Suspect: java:service.jar, pid 4711"));
  CHECK(texts[4] == "2 processes, largest RSS first");
  CHECK_THAT(texts[5], ContainsText("PID"));
  CHECK_THAT(texts[6], ContainsText("4711"));
  CHECK_THAT(texts[7], ContainsText("in 8m"));
  CHECK(texts[8].empty());
  CHECK_THAT(texts[23], ContainsText("q quit"));
  CHECK(Drawn(stage.scene()).lines[6].selected);
  CHECK_FALSE(Drawn(stage.scene()).lines[7].selected);
}

TEST_CASE("no size is too small or too large") {
  Stage stage;
  for (const char* key : {"", "/", "h"}) {
    if (*key != '\0') stage.Press(std::string(key));
    for (size_t rows = 1; rows < 60; ++rows) {
      for (const size_t columns : {2u, 10u, 40u, 80u, 300u}) {
        stage.size = {rows, columns};
        CHECK(Drawn(stage.scene()).lines.size() == rows);
        CHECK(ShownOf(stage.scene()).table_rows >= 1);
        stage.controls.Fit(ShownOf(stage.scene()));
      }
    }
  }
}

TEST_CASE("an exporter that went away is told, and what is known stays") {
  Stage stage;
  stage.trouble = "Connection refused";
  const std::vector<std::string> texts = stage.Texts();
  CHECK_THAT(texts[1], ContainsText("trying again: Connection refused"));
  CHECK_THAT(All(texts), ContainsText("4711"));
}

TEST_CASE("the row under the cursor is what Enter opens") {
  Stage stage;
  CHECK(ShownOf(stage.scene()).selected == Subject{View::kProcesses, "4711"});
  stage.Press(Key::Kind::kDown);
  CHECK(ShownOf(stage.scene()).selected == Subject{View::kProcesses, "12"});
  stage.Press(Key::Kind::kEnter);
  CHECK_THAT(All(stage.Texts()), ContainsText("asking..."));
  stage.look.wish.subject = Subject{View::kProcesses, "12"};
  CHECK_THAT(All(stage.Texts()), ContainsText("It is gone."));
  stage.look.details = Details{};
  stage.look.details->row = NewProcess();
  CHECK_THAT(All(stage.Texts()), ContainsText("sh, pid 12"));
  CHECK_THAT(All(stage.Texts()), ContainsText("a verdict is possible in 8 min"));
}

TEST_CASE("what was answered of another list opens nothing") {
  Stage stage;
  stage.Press("g");
  CHECK_FALSE(ShownOf(stage.scene()).selected);
}

TEST_CASE("rows that are not there yet") {
  Stage stage;
  stage.look.list.total = stage.look.list.matched = 1000;
  stage.Press(Key::Kind::kEnd);
  CHECK(stage.controls.cursor() == 999);
  CHECK_THAT(All(stage.Texts()), ContainsText("\n...\n"));
  CHECK_FALSE(ShownOf(stage.scene()).selected);
}

TEST_CASE("a prompt has the cursor") {
  Stage stage;
  CHECK_FALSE(Drawn(stage.scene()).cursor);
  stage.Press("/");
  stage.Press("j");
  const Frame frame = Drawn(stage.scene());
  CHECK_THAT(frame.lines.back().Text(), ContainsText(": j"));
  CHECK(frame.cursor == CellsOf(frame.lines.back().Text()));
}

TEST_CASE("a plain table") {
  const Stage stage;
  const std::string text = PlainTable(stage.scene(), {80, false});
  CHECK_THAT(text, ContainsText("memleak_exporter top - a17"));
  CHECK_THAT(text, ContainsText("\nSuspect: java:service.jar, pid 4711: memory climbs"));
  CHECK_THAT(text, ContainsText("LEAK     java:service.jar\n"));
  CHECK_THAT(text, ContainsText("in 8m    sh\n"));
  CHECK_THAT(text, !ContainsText("quit"));
  CHECK_THAT(text, !ContainsText(" \n"));
}

}  // namespace
}  // namespace memleak
