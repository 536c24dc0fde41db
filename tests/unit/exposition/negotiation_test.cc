#include "exporter/exposition/negotiation.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

std::string Answer(std::string_view accept) { return ContentType(NegotiateFormat(accept)); }

std::string Escaped(std::string_view type, std::string_view scheme) {
  return std::string(type) + "; escaping=" + std::string(scheme);
}

}  // namespace

TEST_CASE("Prometheus gets OpenMetrics when it prefers it") {
  // Prometheus 2.42 and later.
  CHECK(Answer("application/openmetrics-text;version=1.0.0,"
               "application/openmetrics-text;version=0.0.1;q=0.75,"
               "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == kOpenMetrics);
  // Prometheus 3, with UTF-8 names and without.
  CHECK(Answer("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
               "application/openmetrics-text;version=0.0.1;q=0.5,"
               "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
               "text/plain;version=0.0.4;q=0.3,*/*;q=0.2") == Escaped(kOpenMetrics, "allow-utf-8"));
  CHECK(Answer("application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,"
               "application/openmetrics-text;version=0.0.1;q=0.4,"
               "text/plain;version=1.0.0;escaping=underscores;q=0.3,"
               "text/plain;version=0.0.4;q=0.2,*/*;q=0.1") == Escaped(kOpenMetrics, "underscores"));
}

TEST_CASE("Prometheus gets text when it prefers that") {
  // Prometheus before 2.42 knows only the draft of OpenMetrics, which is not offered.
  CHECK(Answer("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,"
               "*/*;q=0.1") == kText);
  // Prometheus 3 with scrape_protocols: [PrometheusText0.0.4].
  CHECK(Answer("text/plain;version=0.0.4;q=0.5,*/*;q=0.4") == kText);
  // Text preferred over OpenMetrics.
  CHECK(Answer("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,"
               "*/*;q=0.2") == kText);
}

TEST_CASE("clients that do not say what they want get text") {
  CHECK(Answer("") == kText);
  CHECK(Answer("*/*") == kText);
  CHECK(Answer(",,, ,") == kText);
  CHECK(Answer("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8") ==
        kText);
  CHECK(Answer("application/json") == kText);
  CHECK(Answer("text/*") == kText);
  CHECK(Answer("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
               "encoding=delimited") == kText);
}

TEST_CASE("OpenMetrics is version 1.0.0 or no version") {
  CHECK(Answer("application/openmetrics-text") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text; version=1.0.0; charset=utf-8") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;version=") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;version=0.0.1") == kText);
  CHECK(Answer("application/openmetrics-text;version=2.0.0") == kText);
  CHECK(Answer("application/openmetrics-text;version=1.0.0garbage") == kText);
}

TEST_CASE("text 1.0.0 is not offered: its name says that names may be quoted") {
  CHECK(Answer("text/plain;version=1.0.0") == kText);  // the fallback, so version 0.0.4
  CHECK(Answer("text/plain;version=1.0.0;q=0.9,application/openmetrics-text;q=0.1") ==
        kOpenMetrics);
}

TEST_CASE("the highest quality wins") {
  CHECK(Answer("text/plain;q=0.2,application/openmetrics-text;q=0.3") == kOpenMetrics);
  CHECK(Answer("text/plain;q=0.3,application/openmetrics-text;q=0.2") == kText);
  CHECK(Answer("text/plain;q=0.299,application/openmetrics-text;q=0.3") == kOpenMetrics);
  CHECK(Answer("text/plain;q=1.000,application/openmetrics-text;q=0.999") == kText);
  // Named twice: by its best word.
  CHECK(Answer("application/openmetrics-text;q=0.9,application/openmetrics-text;q=0.1,"
               "text/plain;q=0.5") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;q=0.001,*/*;q=0.000") == kOpenMetrics);
}

TEST_CASE("a quality of 0 is a no") {
  CHECK(Answer("application/openmetrics-text;q=0") == kText);
  CHECK(Answer("application/openmetrics-text;q=0,*/*") == kText);
  CHECK(Answer("text/plain;q=0,*/*;q=0.1") == kOpenMetrics);
  CHECK(Answer("*/*;q=0") == kText);
}

TEST_CASE("at equal quality the client's order decides, and text where it named none") {
  CHECK(Answer("application/openmetrics-text,text/plain") == kOpenMetrics);
  CHECK(Answer("text/plain,application/openmetrics-text") == kText);
  CHECK(Answer("application/openmetrics-text,*/*") == kOpenMetrics);
  CHECK(Answer("*/*,application/openmetrics-text") == kOpenMetrics);
  CHECK(Answer("application/*,text/*") == kText);
}

TEST_CASE("a wildcard covers what no closer range names") {
  CHECK(Answer("application/*") == kOpenMetrics);
  CHECK(Answer("application/*;q=0.9,*/*;q=0.8") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;q=0.1,*/*;q=0.5") == kText);
  CHECK(Answer("application/openmetrics-text;version=1.0.0;q=0.1,"
               "application/openmetrics-text;q=0.9,text/plain;q=0.5") == kText);
  CHECK(Answer("*/plain;q=0.1,application/openmetrics-text;q=0.05") == kOpenMetrics);
}

TEST_CASE("case and blanks do not matter, except in values") {
  CHECK(Answer("  Application/OpenMetrics-Text ; Version=1.0.0 ;\tQ=0.7 , TEXT/plain ; q=0.5 ") ==
        kOpenMetrics);
  CHECK(Answer("APPLICATION/*") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;escaping=DOTS") == kOpenMetrics);
}

TEST_CASE("quoted parameters are read as the strings they are") {
  CHECK(Answer("application/openmetrics-text;version=\"1.0.0\"") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;version=\"1\\.0.0\"") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;version=\"0.0.1\"") == kText);
  // Separators inside of quotes separate nothing.
  CHECK(Answer("text/plain;x=\",application/openmetrics-text,\"") == kText);
  CHECK(Answer("application/openmetrics-text;x=\";q=0\"") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;x=\"\\\";q=0\"") == kOpenMetrics);
}

TEST_CASE("a malformed range is ignored and the others are not") {
  for (const char* const malformed :
       {"q=", "q=2", "q=-1", "q=.5", "q=abc", "q=1.5", "q=0.5.5", "q=1e-1", "q=\"", "q=\"0.5\"x",
        "version=\"1.0.0", "version=1.0.0\"", "version=\"1.0.0\\"}) {
    INFO(malformed);
    const std::string range = std::string("application/openmetrics-text;") + malformed;
    CHECK(Answer(range) == kText);
    CHECK(Answer("application/openmetrics-text;q=0.5,text/plain;q=0.1," + range) == kOpenMetrics);
  }
  CHECK(Answer("application/openmetrics-text;;q=0.5;flag;=x;,text/plain;q=0.1") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;q=0.51111111111111111111,text/plain;q=0.5") ==
        kOpenMetrics);
  CHECK(Answer(std::string_view("application/openmetrics-text\0", 29)) == kText);
}

TEST_CASE("only known escaping schemes are repeated to the client") {
  for (const char* const scheme : {"allow-utf-8", "underscores", "dots", "values"}) {
    CHECK(Answer(std::string("application/openmetrics-text;escaping=") + scheme) ==
          Escaped(kOpenMetrics, scheme));
    CHECK(Answer(std::string("text/plain;version=0.0.4;q=0.5;escaping=") + scheme) ==
          Escaped(kText, scheme));
  }
  CHECK(Answer("application/openmetrics-text;escaping=\"dots\"") == Escaped(kOpenMetrics, "dots"));
  CHECK(Answer("application/openmetrics-text;escaping=\"x\r\nSet-Cookie: a=b\"") == kOpenMetrics);
  CHECK(Answer("application/openmetrics-text;escaping=") == kOpenMetrics);
}

TEST_CASE("the escaping scheme is that of the chosen format") {
  CHECK(
      Answer("application/openmetrics-text;escaping=dots;q=0.5,text/plain;escaping=values;q=0.6") ==
      Escaped(kText, "values"));
  CHECK(Answer("application/openmetrics-text;escaping=dots,text/plain;q=0.6") ==
        Escaped(kOpenMetrics, "dots"));
  CHECK(Answer("*/*;escaping=dots") == kText);
  CHECK(Answer("text/plain;version=1.0.0;escaping=dots") == kText);
}

TEST_CASE("a very long header is read through") {
  std::string accept;
  while (accept.size() < 1'000'000) accept += "text/x;version=\"\\\"\",";
  CHECK(Answer(accept + "application/openmetrics-text") == kOpenMetrics);
  CHECK(Answer(std::string(1'000'000, '"')) == kText);
  CHECK(Answer(std::string(1'000'000, ';')) == kText);
}

TEST_CASE("gzip is accepted where it is named or covered by a wildcard") {
  CHECK(AcceptsGzip("gzip"));
  CHECK(AcceptsGzip("GZip"));
  CHECK(AcceptsGzip("x-gzip"));
  CHECK(AcceptsGzip("deflate, gzip;q=0.5, br"));
  CHECK(AcceptsGzip("gzip;q=0.001"));
  CHECK(AcceptsGzip("*"));
  CHECK(AcceptsGzip("identity;q=0.5, *;q=0.1"));
  CHECK(AcceptsGzip("gzip, *;q=0"));
}

TEST_CASE("gzip is not accepted where it is refused, unknown or malformed") {
  CHECK_FALSE(AcceptsGzip(""));
  CHECK_FALSE(AcceptsGzip("identity"));
  CHECK_FALSE(AcceptsGzip("deflate, br, zstd"));
  CHECK_FALSE(AcceptsGzip("gzip;q=0"));
  CHECK_FALSE(AcceptsGzip("gzip; Q=0.000"));
  CHECK_FALSE(AcceptsGzip("gzip;q=0, *"));
  CHECK_FALSE(AcceptsGzip("*;q=0"));
  CHECK_FALSE(AcceptsGzip("gzip;q=no"));
  CHECK_FALSE(AcceptsGzip("gzipped"));
  CHECK_FALSE(AcceptsGzip("gz ip"));
}

}  // namespace memleak
