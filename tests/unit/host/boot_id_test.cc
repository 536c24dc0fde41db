#include "exporter/host/boot_id.h"

#include <sys/stat.h>

#include <string>

#include "tests/catch.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

const std::string kId = "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9";

TEST_CASE("the boot id is read below the proc tree") {
  TemporaryTree tree;
  tree.Write("sys/kernel/random/boot_id", kId + "\n");
  CHECK(ReadBootId(tree.path()) == kId);
}

TEST_CASE("the running kernel has a boot id, the same each time") {
  const auto id = ReadBootId("/proc");
  REQUIRE(id.has_value());
  CHECK(IsBootId(*id));
  CHECK(ReadBootId("/proc") == id);
}

TEST_CASE("what is no boot id is none") {
  TemporaryTree tree;
  CHECK_FALSE(ReadBootId(tree.path()).has_value());
  for (const std::string& text :
       {std::string(), std::string("\n"), kId + kId, kId + "\n\n", kId.substr(1),
        "0B" + kId.substr(2), "g" + kId.substr(1), std::string(36, '-'), std::string(36, '0')}) {
    INFO(text);
    tree.Write("sys/kernel/random/boot_id", text);
    CHECK_FALSE(ReadBootId(tree.path()).has_value());
  }
}

TEST_CASE("a pipe in the boot id's place is not waited for") {
  TemporaryTree tree;
  tree.MakeFolder("sys/kernel/random");
  REQUIRE(mkfifo((tree.path() + "/sys/kernel/random/boot_id").c_str(), 0600) == 0);
  CHECK_FALSE(ReadBootId(tree.path()).has_value());
}

}  // namespace
}  // namespace memleak
