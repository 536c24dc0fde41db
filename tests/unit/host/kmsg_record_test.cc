#include "exporter/host/kernel_log/kmsg_record.h"

#include <string>

#include "exporter/host/kernel_log/klog_line.h"
#include "tests/catch.h"

namespace memleak {
namespace {

using Part = KernelMessage::Part;

TEST_CASE("a record of kmsg is its number, time and text") {
  std::string text;
  const auto record = ParseKmsgRecord("3,33763,34705408173,-;Memory cgroup: 5\n", text);
  REQUIRE(record.has_value());
  CHECK(record->kernels_own);
  CHECK(record->sequence == 33763);
  CHECK(record->message.seconds == 34705.408173);
  CHECK(record->message.text == "Memory cgroup: 5");
  CHECK(record->message.part == Part::kWhole);
}

TEST_CASE("what a record of kmsg may have more is left out") {
  struct Case {
    const char* record;
    std::string text;
    Part part = Part::kWhole;
    bool kernels_own = true;
  };
  const Case cases[] = {
      {"6,1,2,-,caller=T1;text\n SUBSYSTEM=pci\n DEVICE=+pci:0000\n", "text"},
      {"6,1,2,-,caller=C0,more=1;text; more", "text; more"},
      {"6,1,2,-;", ""},
      {"6,1,2,c;/a", "/a", Part::kFragment},
      {"6,1,2,c,caller=T1;/a", "/a", Part::kFragment},
      {"6,1,2,+;/a", "/a", Part::kFragment},
      {"6,1,2,-,caller=c+;/a", "/a"},
      {R"(6,1,2,-;a\x0ab\x5cx41\xff\x00)", std::string("a\nb\\x41\xff\0", 9)},
      {R"(6,1,2,-;a\x4 \xgg \x)", R"(a\x4 \xgg \x)"},
      {R"(6,1,2,-;a\)", R"(a\)"},
      {"7,1,2,-;text", "text"},
      {"12,1,2,-;text", "text", Part::kWhole, false},
      {"8,1,2,-;text", "text", Part::kWhole, false},
      {"30,1,2,-;text", "text", Part::kWhole, false},
  };
  for (const Case& expected : cases) {
    INFO(expected.record);
    std::string text = "of the one before";
    const auto record = ParseKmsgRecord(expected.record, text);
    REQUIRE(record.has_value());
    CHECK(record->message.text == expected.text);
    CHECK(record->message.part == expected.part);
    CHECK(record->kernels_own == expected.kernels_own);
  }
}

TEST_CASE("what is no record of kmsg is none") {
  std::string text;
  for (const char* record :
       {"", "\n", " KEY=value", "6", "6,1,2,-", "6,1,2;text", "a,1,2,-;text", "6,b,2,-;text",
        "6,1,c,-;text", "-6,1,2,-;text", " 6,1,2,-;text", "6,1 ,2,-;text",
        "6,99999999999999999999,2,-;text", "99999999999,1,2,-;text"}) {
    INFO(record);
    CHECK_FALSE(ParseKmsgRecord(record, text).has_value());
  }
}

TEST_CASE("a line of the klog calls is its time and text") {
  struct Case {
    const char* line;
    std::optional<double> seconds;
    const char* text;
    bool kernels_own = true;
  };
  const Case cases[] = {
      {"<3>[34705.408173] Killed process 1", 34705.408173, "Killed process 1"},
      {"<6>[    0.000000] Linux version 6", 0.0, "Linux version 6"},
      {"<6>[    0.000000][    T0] Linux version 6", 0.0, "Linux version 6"},
      {"<6>[1234567.000001][ C127] text", 1234567.000001, "text"},
      {"<6>[    1.500000] [drm] text", 1.5, "[drm] text"},
      {"<6>[    1.500000]  indented", 1.5, " indented"},
      {"<6>[    1.500000] ", 1.5, ""},
      {"<6>[    1.500000]", 1.5, ""},
      {"<6>Killed process 1", std::nullopt, "Killed process 1"},
      {"<6>[drm] text", std::nullopt, "[drm] text"},
      {"<6>[1.5] text", std::nullopt, "[1.5] text"},
      {"<6>[    1.5000000] text", std::nullopt, "[    1.5000000] text"},
      {"<6>", std::nullopt, ""},
      {"<12>[    1.500000] text", 1.5, "text", false},
      {"<12>[    1.500000] <3>[    1.500000] text", 1.5, "<3>[    1.500000] text", false},
  };
  for (const Case& expected : cases) {
    INFO(expected.line);
    const auto line = ParseKlogLine(expected.line);
    REQUIRE(line.has_value());
    CHECK(line->seconds == expected.seconds);
    CHECK(line->text == expected.text);
    CHECK(line->kernels_own == expected.kernels_own);
  }
}

TEST_CASE("what is no line of the klog calls is none") {
  for (const char* line : {"", "text", "<", "<>", "<>text", "<a>text", "<-1>text", "< 3>text",
                           "<3text", "<99999999999>text", "[    1.500000] text", " <3>text"}) {
    INFO(line);
    CHECK_FALSE(ParseKlogLine(line).has_value());
  }
}

}  // namespace
}  // namespace memleak
