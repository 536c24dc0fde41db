#include "exporter/cli/prometheus_answer.h"

#include <map>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

struct Answer {
  PrometheusAnswer said;
  std::map<std::string, std::vector<PrometheusPoint>> series;
};

Answer Parse(std::string_view body) {
  Answer answer;
  answer.said = ParsePrometheusAnswer(
      body, [&](const std::string& name, const std::vector<PrometheusPoint>& points) {
        answer.series[name] = points;
      });
  return answer;
}

TEST_CASE("series with their points") {
  const Answer answer = Parse(
      R"({"status":"success","data":{"resultType":"matrix","result":[)"
      R"({"metric":{"__name__":"rss","pod":"a\"b\\c","zone":"x"},"values":[[100,"1"],[160.5,"2e9"]]},)"
      R"({"metric":{"pod":"b"},"values":[[100,"NaN"],[160,"+Inf"],[220,"3"]]},)"
      R"({"metric":{},"values":[]}]},"warnings":["w"]})");
  CHECK(answer.said.valid);
  CHECK(answer.said.success);
  REQUIRE(answer.series.size() == 3);
  const auto& first = answer.series.at(R"(rss{pod="a\"b\\c",zone="x"})");
  REQUIRE(first.size() == 2);
  CHECK(first[1].time == 160.5);
  CHECK(first[1].value == 2e9);
  // What is no number was not measured.
  const auto& second = answer.series.at(R"({pod="b"})");
  REQUIRE(second.size() == 1);
  CHECK(second[0].time == 220);
  CHECK(answer.series.at("{}").empty());
}

TEST_CASE("values before their labels, and what else may come") {
  const Answer answer = Parse(
      R"({"data":{"result":[{"values":[[1,"2"]],"histograms":[[1,{"count":"1","buckets":[[0,"1"]]}]],)"
      R"("metric":{"__name__":"rss"}}],"stats":{"values":[[9,"9"]]}},"status":"success"})");
  CHECK(answer.said.success);
  REQUIRE(answer.series.size() == 1);
  CHECK(answer.series.at("rss").size() == 1);
}

TEST_CASE("an error is told apart from nonsense") {
  const Answer error =
      Parse(R"({"status":"error","errorType":"bad_data","error":"parse error at char 1"})");
  CHECK(error.said.valid);
  CHECK(!error.said.success);
  CHECK(error.said.error_type == "bad_data");
  CHECK(error.said.error == "parse error at char 1");
  for (const char* body :
       {"", "<html>", "{}", "[]", "null", "3", "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":{\"result\":[", "{\"status\":\"success\",\"data\":{}}",
        "{\"data\":{\"result\":[]}}", "\"success\"", "{\"status\":\"success\",\"data\":[]}",
        "{\"status\":\"success\",\"data\":{\"result\":[]}} trailing"}) {
    INFO(body);
    CHECK(!Parse(body).said.valid);
  }
}

TEST_CASE("points that are no points are left out") {
  const Answer answer =
      Parse(R"({"status":"success","data":{"result":[{"metric":{"a":"b"},)"
            R"("values":[[1],["2"],[],[3,4],[null,"5"],{},6,[7,"x"],[8,"8","9"],[[9,"9"]]]}]}})");
  CHECK(answer.said.success);
  const auto& points = answer.series.at(R"({a="b"})");
  REQUIRE(points.size() == 1);
  CHECK(points[0].time == 8);
  CHECK(points[0].value == 8);
}

TEST_CASE("deep nesting does no harm") {
  CHECK(!Parse(std::string(100'000, '[')).said.valid);
  CHECK(!Parse(std::string(100'000, '[') + std::string(100'000, ']')).said.valid);
}

}  // namespace
}  // namespace memleak
