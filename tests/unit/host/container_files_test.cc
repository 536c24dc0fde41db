#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "exporter/host/container/container_storage.h"
#include "exporter/host/container/docker_config.h"
#include "exporter/host/container/rooted_files.h"
#include "tests/catch.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

using Containers = std::vector<std::pair<std::string, std::string>>;

Containers Stored(std::string_view text, bool& whole) {
  Containers containers;
  whole = ForEachStoredContainer(
      text, [&](std::string_view id, std::string_view name) { containers.emplace_back(id, name); });
  return containers;
}

using Links = RootedFiles::Links;

}  // namespace

TEST_CASE("Docker's configuration of a container: its name and the labels of Kubernetes") {
  const auto plain = ParseDockerConfig(
      R"({"Args":["Name","/no"],"Config":{"Env":["Name=/no"],"Labels":{"Name":"/no"}},)"
      R"("State":{"Name":"/no"},"Name":"/web_1","Pid":1,"Ok":true,"X":null,"Y":1.5})");
  REQUIRE(plain);
  CHECK(plain->name == "web_1");
  CHECK(plain->pod_name.empty());
  CHECK_FALSE(plain->sandbox);

  const auto labelled = ParseDockerConfig(
      R"({"Config":{"Labels":{"io.kubernetes.container.name":"POD",)"
      R"("io.kubernetes.docker.type":"podsandbox","io.kubernetes.pod.name":"api",)"
      R"("io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"u"}},"Name":"k8s_x"})");
  REQUIRE(labelled);
  CHECK(labelled->pod_namespace == "shop");
  CHECK(labelled->pod_name == "api");
  CHECK(labelled->pod_uid == "u");
  CHECK(labelled->container_name == "POD");
  CHECK(labelled->sandbox);

  // Labels elsewhere are none.
  const auto elsewhere =
      ParseDockerConfig(R"({"Labels":{"io.kubernetes.pod.name":"api"},"Config":{"X":{"Labels":)"
                        R"({"io.kubernetes.pod.name":"api"}}}})");
  REQUIRE(elsewhere);
  CHECK(elsewhere->pod_name.empty());
  CHECK(elsewhere->name.empty());

  for (const char* other : {"[]", "\"Name\"", "1", "{}", R"({"Name":5})", R"({"Name":["/x"]})"}) {
    INFO(other);
    REQUIRE(ParseDockerConfig(other));
    CHECK(ParseDockerConfig(other)->name.empty());
  }
  for (const char* broken : {"", "{", R"({"Name":"/x")", R"({"Name":"/x"}})", "{\"Name\":\"\xff\"}",
                             "{\"Name\":\"a\nb\"}", "nonsense"}) {
    INFO(broken);
    CHECK_FALSE(ParseDockerConfig(broken));
  }
  // As deep as the file may be long.
  CHECK_FALSE(ParseDockerConfig(std::string(1'000'000, '[')));
  CHECK(ParseDockerConfig(std::string(500'000, '[') + std::string(500'000, ']')));
}

TEST_CASE("the containers of a storage: id and first name") {
  bool whole = false;
  CHECK(Stored(R"([{"id":"a1","names":["web","alias"],"metadata":"{\"name\":\"no\"}","flags":{}},)"
               R"({"names":[],"id":"b2"},{"names":["later"],"flags":{"id":"no"},"id":"c3"},{}])",
               whole) == Containers{{"a1", "web"}, {"b2", ""}, {"c3", "later"}, {"", ""}});
  CHECK(whole);
  CHECK(Stored("[]", whole).empty());
  CHECK(whole);
  CHECK(Stored("null", whole).empty());
  CHECK(whole);
  CHECK(Stored(R"([{"id":{"x":["a"]},"names":"web"}])", whole) == Containers{{"", ""}});
  CHECK(whole);
  Stored(R"([{"id":"a1","names":["web"]},{"id")", whole);
  CHECK_FALSE(whole);
}

TEST_CASE("a file is read whole or not at all") {
  TemporaryTree tree;
  tree.Write("root/small", "12345");
  const RootedFiles files(tree.path() + "/root");
  CHECK(files.Read("small", 5) == "12345");
  CHECK(files.Read("small", 100) == "12345");
  CHECK_FALSE(files.Read("small", 4));
  tree.Write("root/empty", "");
  CHECK(files.Read("empty", 0) == "");
  CHECK_FALSE(files.Read("missing", 100));
  CHECK_FALSE(files.Read("", 100));
  CHECK_FALSE(files.Read("small/x", 100));

  // Refused by its size: no machine has memory for it.
  tree.Write("root/huge", "");
  std::filesystem::resize_file(tree.path() + "/root/huge", uintmax_t{1} << 43);
  CHECK_FALSE(files.Read("huge", 100));

  std::filesystem::create_directory(tree.path() + "/root/folder");
  CHECK_FALSE(files.Read("folder", 100));
  CHECK_FALSE(files.OpenDirectory("small"));
  CHECK(files.OpenDirectory("folder"));
  // Nobody writes to it: an open or a read that waited would never come back.
  REQUIRE(mkfifo((tree.path() + "/root/fifo").c_str(), 0600) == 0);
  CHECK_FALSE(files.Read("fifo", 100));

  CHECK_FALSE(RootedFiles(tree.path() + "/nowhere").Read("small", 100));
  // Files of the kernel have no size and are read all the same.
  CHECK(RootedFiles("/proc").Read("self/comm", 100).value_or("").ends_with('\n'));
}

TEST_CASE("links lead within the root, as the host itself would follow them") {
  TemporaryTree tree;
  tree.Write("outside/secret", "outside");
  tree.Write("root/data/log/file", "inside");
  tree.Link("root/var/log", "/data/log");
  tree.Link("root/var/up", "../../../outside");
  tree.Link("root/var/out", tree.path() + "/outside");
  tree.Link("root/var/loop", "loop");
  tree.Link("root/file", "data/log/file");
  tree.Link("root/var/self", "/proc/self/root");

  const RootedFiles files(tree.path() + "/root");
  CHECK(files.Read("var/log/file", 100) == "inside");
  CHECK(files.OpenDirectory("var/log"));
  CHECK_FALSE(files.Read("var/up/secret", 100));
  CHECK_FALSE(files.Read("var/out/secret", 100));
  CHECK_FALSE(files.Read("../outside/secret", 100));
  CHECK_FALSE(files.Read("var/loop/file", 100));
  // The last component has to be the file itself.
  CHECK_FALSE(files.Read("file", 100));

  const RootedFiles without(tree.path() + "/root", Links::kRefused);
  CHECK(without.Read("data/log/file", 100) == "inside");
  CHECK(without.OpenDirectory("data/log"));
  CHECK_FALSE(without.Read("var/log/file", 100));
  CHECK_FALSE(without.OpenDirectory("var/log"));
  CHECK_FALSE(without.Read("var/up/secret", 100));
  CHECK_FALSE(without.Read("var/out/secret", 100));
  CHECK_FALSE(without.Read("file", 100));
}

}  // namespace memleak
