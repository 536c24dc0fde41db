#include "exporter/cli/analyze_json.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/cli/support.h"

namespace memleak {
namespace {

using Json = nlohmann::ordered_json;

Json SummaryOf(const Replay& replay, std::string_view file = "x") {
  std::string text;
  AppendSummaryJson(text, file, replay);
  CHECK(text.find('\n') == text.size() - 1);
  return Json::parse(text);
}

std::string Climb(int minutes) {
  std::string csv = "timestamp,value\n";
  for (int i = 0; i < minutes; ++i) {
    csv +=
        std::to_string(1795183681 + i * 60) + ',' + std::to_string(314572800 + i * 104858) + '\n';
  }
  return csv;
}

TEST_CASE("the keys are a promise") {
  std::vector<std::string> keys;
  const Json json = SummaryOf(ReplayOf(Climb(1)));
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"file", "resource", "samples", "state", "pattern",
                                         "confidence", "leak_suspected", "first_suspected",
                                         "suspected", "baseline_bytes", "growth_bytes_per_second",
                                         "exhaustion_seconds", "window_seconds", "known_in_seconds",
                                         "reasons"});
}

TEST_CASE("the summary of what is not known") {
  const Json json = SummaryOf(ReplayOf(Climb(1)));
  CHECK(json["samples"] == 1);
  CHECK(json["state"] == "unknown");
  CHECK(json["leak_suspected"] == false);
  CHECK(json["suspected"] == Json::array());
  for (const char* key : {"confidence", "first_suspected", "baseline_bytes",
                          "growth_bytes_per_second", "exhaustion_seconds"}) {
    INFO(key);
    CHECK(json[key].is_null());
  }
  CHECK(!json["reasons"].empty());
}

TEST_CASE("the summary of a leak") {
  ReplaySettings settings;
  settings.limit = 1048576000;
  const Json json = SummaryOf(ReplayOf(Climb(3000), settings));
  CHECK(json["resource"] == "memory");
  CHECK(json["state"] == "leaking");
  CHECK(json["pattern"] == "climb");
  CHECK(json["confidence"] == "likely");
  CHECK(json["leak_suspected"] == true);
  REQUIRE(json["suspected"].size() == 1);
  CHECK(json["suspected"][0][0] == json["first_suspected"]);
  CHECK(json["suspected"][0][1] == 1795183681 + 2999 * 60);
  CHECK(json["baseline_bytes"].is_number());
  CHECK(json["growth_bytes_per_second"].get<double>() > 0);
  CHECK(json["exhaustion_seconds"].get<double>() > 0);
  CHECK(json["window_seconds"].get<double>() > 0);
}

TEST_CASE("a name of any bytes is valid JSON") {
  CHECK(SummaryOf(ReplayOf(Climb(1)), "a\"b\n\xFF")["file"] == "a\"b\n\xEF\xBF\xBD");
}

TEST_CASE("the timeline says what the summary says in the end") {
  Replay replay(ReplaySettings{});
  std::string text;
  for (const RecordedSample& sample : ReadSeries(Climb(3000))) {
    text.clear();
    replay.Add(sample);
    AppendTimelineJson(text, sample.time, replay);
  }
  const Json line = Json::parse(text);
  std::vector<std::string> keys;
  for (const auto& [key, value] : line.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"timestamp", "state", "leak_suspected",
                                         "growth_bytes_per_second", "exhaustion_seconds"});
  const Json summary = SummaryOf(replay);
  CHECK(line["timestamp"] == 1795183681 + 2999 * 60);
  for (const char* key :
       {"state", "leak_suspected", "growth_bytes_per_second", "exhaustion_seconds"}) {
    INFO(key);
    CHECK(line[key] == summary[key]);
  }
}

}  // namespace
}  // namespace memleak
