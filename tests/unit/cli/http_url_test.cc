#include "exporter/cli/http_url.h"

#include "tests/catch.h"

namespace memleak {
namespace {

TEST_CASE("a URL is shown without who asks") {
  const auto url = ParseHttpUrl("https://me:p%40ss:word@prometheus.example:9090/prom/");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->base == "https://prometheus.example:9090/prom");
  CHECK(url->user == "me");
  CHECK(url->password == "p@ss:word");
  // A password that was not encoded.
  CHECK(ParseHttpUrl("http://me:p@ss@host")->base == "http://host");
  CHECK(ParseHttpUrl("http://me:p@ss@host")->password == "p@ss");
  CHECK(ParseHttpUrl("http://token@host")->user == "token");
}

TEST_CASE("plain URLs") {
  CHECK(ParseHttpUrl("http://localhost:9090")->base == "http://localhost:9090");
  CHECK(ParseHttpUrl("http://[::1]:9090//")->base == "http://[::1]:9090");
  CHECK(ParseHttpUrl("http://host/a@b")->base == "http://host/a@b");
  CHECK(ParseHttpUrl("http://host/a@b")->user.empty());
}

TEST_CASE("what is no URL of a server") {
  for (const char* text :
       {"", "localhost:9090", "ftp://host", "http://", "http:///x", "http://:90", "http://u:p@",
        "http://host?x=1", "http://host#x", "http://ho st", "http://host\n", "http://u:%zz@host",
        "http://u:%4@host", "http://\xC3\xA9"}) {
    INFO(text);
    CHECK(!ParseHttpUrl(text));
  }
}

TEST_CASE("what is on this host") {
  for (const char* text : {"http://localhost:10078", "https://u:p@localhost/x", "http://127.0.0.1",
                           "http://127.1.2.3:80/", "http://[::1]:10078"}) {
    INFO(text);
    CHECK(IsLoopback(*ParseHttpUrl(text)));
  }
  for (const char* text :
       {"http://worker-a17:10078", "http://localhost.example.net", "http://127.0.0.1.example.net",
        "http://[::2]", "http://10.0.0.1", "http://example.net/localhost"}) {
    INFO(text);
    CHECK(!IsLoopback(*ParseHttpUrl(text)));
  }
}

TEST_CASE("queries are encoded") {
  CHECK(PercentEncoded("a{b=~\"c.*\"} > 1 + \xC3\xA9") ==
        "a%7Bb%3D~%22c.%2A%22%7D%20%3E%201%20%2B%20%C3%A9");
}

}  // namespace
}  // namespace memleak
