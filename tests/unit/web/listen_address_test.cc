#include "exporter/web/listen_address.h"

#include <string>

#include "exporter/config/errors.h"
#include "tests/catch.h"

namespace memleak {
namespace {

std::string Refusal(const std::string& text, bool has_ipv6 = true) {
  try {
    ParseListenAddress(text, has_ipv6);
  } catch (const StartupError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("listen address: numeric ones stand for themselves") {
  const ListenAddress v4 = ParseListenAddress("127.0.0.1:9100", false);
  CHECK(v4.PortSpec() == "127.0.0.1:9100");
  CHECK(v4.Url() == "http://127.0.0.1:9100");

  const ListenAddress v6 = ParseListenAddress("[::1]:9100", true);
  CHECK(v6.PortSpec() == "[::1]:9100");
  CHECK(v6.Url() == "http://[::1]:9100");
}

TEST_CASE("listen address: a port alone means all addresses") {
  const ListenAddress all = ParseListenAddress(":10078", false);
  CHECK(all.PortSpec() == "10078");
  CHECK(all.Url() == "http://localhost:10078");
}

TEST_CASE("listen address: a name is resolved, its URL keeps the name") {
  const ListenAddress local = ParseListenAddress("localhost:0", false);
  CHECK(local.PortSpec() == "127.0.0.1:0");
  CHECK(local.Url() == "http://localhost:0");
}

TEST_CASE("listen address: a leading 0 makes no octal port") {
  CHECK(ParseListenAddress("127.0.0.1:010", false).port == 10);
}

TEST_CASE("listen address: refusals name the address and the reason") {
  CHECK(Refusal("foo") == "cannot listen on foo: no port; expected host:port or :port");
  for (const char* text : {":", ":x", ":-1", ":65536", ":80x", "127.0.0.1: 80"}) {
    CHECK(Refusal(text) ==
          "cannot listen on " + std::string(text) + ": the port must be a number from 0 to 65535");
  }
  for (const char* text : {"::1:80", "[::1:80", "::1]:80", "a:b:80"}) {
    CHECK(Refusal(text) == "cannot listen on " + std::string(text) +
                               ": an IPv6 address is written in brackets: [::1]:10078");
  }
  CHECK(Refusal("[127.0.0.1]:80") == "cannot listen on [127.0.0.1]:80: not an IPv6 address");
  CHECK(Refusal("[::1]:80", false) ==
        "cannot listen on [::1]:80: the civetweb library on this system was built without IPv6");
}

}  // namespace
}  // namespace memleak
