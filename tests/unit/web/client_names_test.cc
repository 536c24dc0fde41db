#include "exporter/web/client_names.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

TEST_CASE("a client's name is one of the list, byte for byte") {
  const ClientNames names({"prometheus.example", "ops@example.org", "spiffe://cluster/prometheus"});
  CHECK(!names.any());
  CHECK(names.AllowsText("prometheus.example"));
  CHECK(names.AllowsText("ops@example.org"));
  CHECK(names.AllowsText("spiffe://cluster/prometheus"));
  for (const std::string& name : std::initializer_list<std::string>{
           "", "prometheus.example.", "Prometheus.example", "a.prometheus.example", "prometheus",
           std::string("prometheus.example\0.evil", 24), "*.example", "*"}) {
    INFO(name);
    CHECK_FALSE(names.AllowsText(name));
  }
}

TEST_CASE("a pattern in the list is a name like any other") {
  const ClientNames names({"*.example"});
  CHECK_FALSE(names.AllowsText("prometheus.example"));
  CHECK(names.AllowsText("*.example"));
}

TEST_CASE("addresses are compared as addresses") {
  const ClientNames names({"10.0.0.1", "2001:DB8:0:0::1", "not an address"});
  CHECK(names.AllowsAddress(std::string("\x0A\0\0\x01", 4)));
  CHECK(names.AllowsAddress(std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)));
  CHECK_FALSE(names.AllowsAddress(std::string("\x0A\0\0\x02", 4)));
  CHECK_FALSE(names.AllowsAddress(std::string(16, '\0')));
  CHECK_FALSE(names.AllowsAddress(std::string("\x0A\0\0", 3)));
  CHECK_FALSE(names.AllowsAddress(""));
}

TEST_CASE("an empty list asks for nothing and names nobody") {
  const ClientNames names({});
  CHECK(names.any());
  CHECK_FALSE(names.AllowsText(""));
}

}  // namespace
}  // namespace memleak
