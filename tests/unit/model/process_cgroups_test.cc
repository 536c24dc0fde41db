// What the cgroup of a process decides about it: group, names, limits.
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "exporter/model/process_table.h"
#include "tests/catch.h"
#include "tests/unit/model/process_world.h"

namespace memleak {
namespace {

// A hierarchy of version 2 in the world's sysfs, and what the kubelet keeps for one container.
const std::string kPodUid = "0c1d7a3e-5b52-4b0e-9a51-3f6d1f2a7c01";
const std::string kContainerId(64, 'a');
const std::string kPodCgroup = "/kubepods/pod" + kPodUid;
const std::string kContainerCgroup = kPodCgroup + "/" + kContainerId;

void PutCgroup(World& world, const std::string& path, const std::string& pids) {
  const std::filesystem::path folder = world.tree.path() + "/sys/fs/cgroup" + path;
  std::filesystem::create_directories(folder);
  if (path.empty()) world.tree.Write(folder / "cgroup.controllers", "memory\n");
  world.tree.Write(folder / "cgroup.procs", pids);
}

void NameContainer(World& world) {
  const std::filesystem::path logs = world.tree.path() + "/var/log/containers";
  std::filesystem::create_directories(logs);
  world.tree.Write(logs / ("shop-5d4f9c7b8-x2x7q_prod_web-" + kContainerId + ".log"), "");
}

}  // namespace

TEST_CASE("in Kubernetes the group is the workload's container, whatever runs in it") {
  World world;
  PutCgroup(world, "", "");
  PutCgroup(world, kContainerCgroup, "7\n8\n");
  NameContainer(world);
  world.tree.Put(Web(7));
  TreeProcess shell = Web(8);
  shell.comm = "sh";
  shell.exe = "/bin/dash";
  world.tree.Put(shell);
  world.Pass(0);
  world.Pass(0.5);
  CHECK(world.GroupOf(7) == "prod/shop/web");
  CHECK(world.GroupOf(8) == "prod/shop/web");
  CHECK(world.Find(7)->group->labels ==
        R"(group="prod/shop/web",namespace="prod",container="web")");
  REQUIRE(world.Exported(7));
  CHECK(world.Find(7)->labels ==
        R"(pid="7",comm="nginx",group="prod/shop/web",namespace="prod",pod="shop-5d4f9c7b8-x2x7q",)"
        R"(container="web")");
  CHECK(world.Find(7)->info_labels.find(",container_id=\"" + kContainerId + "\"") !=
        std::string::npos);
  CHECK(world.Find(7)->group->cgroup->path == kContainerCgroup);
}

TEST_CASE("a rule says more about the group than the workload") {
  World world(10, 100, {{"front", "nginx"}});
  PutCgroup(world, "", "");
  PutCgroup(world, kContainerCgroup, "7\n");
  NameContainer(world);
  world.tree.Put(Web(7));
  for (int pass = 0; pass < 4; ++pass) world.Pass(pass);
  CHECK(world.GroupOf(7) == "front");
  CHECK(world.Find(7)->labels.find("container=\"web\"") != std::string::npos);
}

TEST_CASE("a newcomer waits for its container's name, but not longer than a second") {
  World world;
  PutCgroup(world, "", "");
  PutCgroup(world, kContainerCgroup, "7\n");
  world.tree.Put(Web(7));
  world.Pass(0);
  world.Pass(0.5);
  CHECK(world.GroupOf(7).empty());
  CHECK(world.table.counts().pending == 1);
  world.Pass(1.5);
  CHECK(world.GroupOf(7) == "nginx");
  NameContainer(world);
  for (int second = 2; second < 200 && world.GroupOf(7) == "nginx"; ++second) world.Pass(second);
  CHECK(world.GroupOf(7) == "prod/shop/web");
}

TEST_CASE("a process that moves to another cgroup takes its names with it") {
  World world;
  PutCgroup(world, "", "7\n");
  PutCgroup(world, kContainerCgroup, "");
  NameContainer(world);
  world.tree.Put(Web(7));
  world.Pass(0);
  world.Pass(0.5);
  CHECK(world.GroupOf(7) == "nginx");
  const uint64_t life = world.Find(7)->life;
  PutCgroup(world, "", "");
  PutCgroup(world, kContainerCgroup, "7\n");
  world.Pass(1);
  world.Pass(2);
  world.Pass(3);
  CHECK(world.GroupOf(7) == "prod/shop/web");
  CHECK(world.Find(7)->life == life);
  CHECK(world.Find(7)->labels.find("container=\"web\"") != std::string::npos);
  std::filesystem::remove_all(world.tree.path() + "/sys/fs/cgroup" + kPodCgroup);
  PutCgroup(world, "", "7\n");
  world.Pass(4);
  CHECK(world.GroupOf(7) == "nginx");
  CHECK(world.Find(7)->labels.find("container") == std::string::npos);
}

TEST_CASE("a process that no cgroup lists for a moment stays where it was") {
  World world;
  PutCgroup(world, "", "");
  PutCgroup(world, "/web.service", "7\n");
  world.tree.Put(Web(7));
  world.Pass(0);
  world.Pass(1);
  REQUIRE(world.Find(7)->cgroup != nullptr);
  PutCgroup(world, "/web.service", "");
  world.Pass(2);
  REQUIRE(world.Find(7)->cgroup != nullptr);
  CHECK(world.Find(7)->cgroup->path == "/web.service");
  std::filesystem::remove_all(world.tree.path() + "/sys/fs/cgroup/web.service");
  world.Pass(3);
  CHECK(world.Find(7)->cgroup == nullptr);
}

TEST_CASE("where no hierarchy is mounted, the process itself says where it is") {
  World world;
  world.tree.Put(Web(7));
  world.tree.Write(world.tree.ProcessPath(7) / "cgroup", "0::/system.slice/nginx.service\n");
  world.Pass(0);
  world.Pass(0.5);
  REQUIRE(world.Exported(7));
  CHECK(world.Find(7)->info_labels.find(
            R"(unit="nginx.service",cgroup="/system.slice/nginx.service")") != std::string::npos);
  world.tree.Remove(7);
  world.Pass(1);
  world.Pass(2);
}

TEST_CASE("the headroom of a group is that of the limit which all its members share") {
  World world;
  PutCgroup(world, "", "");
  PutCgroup(world, "/a", "");
  PutCgroup(world, "/a/x", "7\n");
  PutCgroup(world, "/a/y", "8\n");
  PutCgroup(world, "/b", "");
  world.tree.Put(Web(7));
  world.tree.Put(Web(8));
  world.Pass(0);
  world.Pass(1);
  CHECK(world.Find(7)->group->cgroup->path == "/a");
  PutCgroup(world, "/a/y", "");
  PutCgroup(world, "/b", "8\n");
  world.Pass(2);
  CHECK(world.Find(7)->group->cgroup->path.empty());
}

TEST_CASE("a process is where its source says, and one that ended where it was") {
  World world;
  PutCgroup(world, "", "");
  PutCgroup(world, "/a", "");
  PutCgroup(world, "/b", "");
  const auto id_of = [&](const std::string& path) {
    struct stat directory {};
    REQUIRE(stat((world.tree.path() + "/sys/fs/cgroup" + path).c_str(), &directory) == 0);
    return directory.st_ino;
  };
  double now = 0;
  const auto pass = [&](uint64_t cgroup_id, char state) {
    ProcessSample sample;
    sample.pid = 7;
    sample.start_ticks = kExporterStart;
    sample.state = state;
    sample.cgroup_id = cgroup_id;
    world.cgroups.BeginPass(++now, kExporterStart, std::nullopt, true);
    world.table.BeginPass(At(now));
    world.table.OnProcess(sample);
    world.table.EndPass();
    world.cgroups.EndPass();
    return world.Find(7);
  };
  CHECK(pass(id_of("/a"), 'S')->cgroup->path == "/a");
  CHECK(world.Find(7)->located);
  CHECK(pass(id_of("/b"), 'S')->cgroup->path == "/b");
  for (const auto& [id, state] : {std::pair{id_of(""), 'Z'}, std::pair<ino_t, char>{0, 'S'}}) {
    CHECK(pass(id, state)->cgroup->path == "/b");
    // Alive, it is still one of them, though nobody told in this pass.
    CHECK(world.Find(7)->located == (state == 'S'));
  }
}

}  // namespace memleak
