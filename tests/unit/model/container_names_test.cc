#include "exporter/model/container_names.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/model/container_lookup.h"
#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

using Kind = CgroupKind;
using Runtime = ContainerRuntime;

const std::string kUid = "3a1ccb5e-7d2f-4f0b-9d61-0b5a8f1c2d3e";
const std::string kOtherUid = "b6d0f4a2-91c3-4e57-8a2b-6f0c1d9e7b34";

// The id of the n-th container.
std::string Id(size_t n) {
  std::string id = std::to_string(n);
  return std::string(64 - id.size(), '0') + id;
}
std::string Uid(size_t n) {
  const std::string digits = std::to_string(n);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

CgroupName Container(const std::string& id, Runtime runtime = Runtime::kContainerd,
                     const std::string& pod_uid = "") {
  return {Kind::kContainer, "", pod_uid, id, runtime};
}
CgroupName Pod(const std::string& uid) { return {Kind::kPod, "", uid, "", Runtime::kUnknown}; }

std::string PodFolder(const std::string& name_space, const std::string& pod,
                      const std::string& uid) {
  return "var/log/pods/" + name_space + "_" + pod + "_" + uid;
}
std::string ContainerLog(const std::string& pod, const std::string& name_space,
                         const std::string& container, const std::string& id) {
  return "var/log/containers/" + pod + "_" + name_space + "_" + container + "-" + id + ".log";
}
std::string DockerFile(const std::string& id) {
  return "var/lib/docker/containers/" + id + "/config.v2.json";
}
constexpr const char* kPodmanFile = "var/lib/containers/storage/overlay-containers/containers.json";

// Names with passes of a second each.
struct World {
  explicit World(const std::string& rootfs) : names(rootfs) {}

  // One pass that asks for all of them; what it starts is read when it returns.
  bool Pass(const std::vector<CgroupName>& cgroups, double at) {
    now = at;
    const bool changed = names.Update();
    for (const CgroupName& cgroup : cgroups) names.Find(cgroup, now);
    names.EndPass(now);
    names.WaitIdle(20);
    return changed;
  }
  bool Pass(const std::vector<CgroupName>& cgroups) { return Pass(cgroups, now + 1); }

  // What is known after `cgroup` was asked for once.
  ContainerName Name(const CgroupName& cgroup) {
    Pass({cgroup});
    names.Update();
    const ContainerName* name = names.Find(cgroup, now);
    return name == nullptr ? ContainerName{} : *name;
  }

  ContainerNames names;
  double now = 1000;
};

ContainerName NameIn(const TemporaryTree& tree, const CgroupName& cgroup) {
  return World(tree.path()).Name(cgroup);
}

// What a fixture's table expects of a cgroup.
struct Expected {
  Kind kind;
  std::string unit;
  ContainerName name;
};
using Table = std::map<std::string, Expected>;

Expected Unit(const std::string& unit) { return {Kind::kUnit, unit, {}}; }

const Table kUnits = {{"kubelet", Unit("kubelet.service")},
                      {"ssh", Unit("ssh.service")},
                      {"init", Unit("init.scope")}};

// Of the pods that the Kubernetes nodes have.
Table KubernetesTable() {
  const std::string api = "api-7d4b9c8f5d-x2k4p";
  Table table = kUnits;
  table.insert({
      {"api-pod", {Kind::kPod, "", {"shop", api, "", "api"}}},
      {"api-sandbox", {Kind::kContainer, "", {"shop", api, "", "api"}}},
      {"api", {Kind::kContainer, "", {"shop", api, "api", "api"}}},
      {"istio-proxy", {Kind::kContainer, "", {"shop", api, "istio-proxy", "api"}}},
      {"db-pod", {Kind::kPod, "", {"shop", "postgres-0", "", "postgres"}}},
      {"db-sandbox", {Kind::kContainer, "", {"shop", "postgres-0", "", "postgres"}}},
      {"postgres", {Kind::kContainer, "", {"shop", "postgres-0", "postgres", "postgres"}}},
      {"agent-pod", {Kind::kPod, "", {"monitoring", "node-exporter-x7h2p", "", "node-exporter"}}},
      {"agent-sandbox",
       {Kind::kContainer, "", {"monitoring", "node-exporter-x7h2p", "", "node-exporter"}}},
      {"node-exporter",
       {Kind::kContainer,
        "",
        {"monitoring", "node-exporter-x7h2p", "node-exporter", "node-exporter"}}},
      {"job-pod", {Kind::kPod, "", {"batch", "backup-28394400-zq2tz", "", "backup"}}},
      {"job-sandbox", {Kind::kContainer, "", {"batch", "backup-28394400-zq2tz", "", "backup"}}},
      {"backup", {Kind::kContainer, "", {"batch", "backup-28394400-zq2tz", "backup", "backup"}}},
      {"etcd-pod", {Kind::kPod, "", {"kube-system", "etcd-worker-1", "", "etcd"}}},
      {"etcd-sandbox", {Kind::kContainer, "", {"kube-system", "etcd-worker-1", "", "etcd"}}},
      {"etcd", {Kind::kContainer, "", {"kube-system", "etcd-worker-1", "etcd", "etcd"}}},
  });
  return table;
}

// `extra` is what only some of the lists have.
void CheckFixture(const std::string& runtime, const Table& always, const Table& extra) {
  const std::string folder = std::string(MEMLEAK_CONTAINER_FIXTURES) + "/" + runtime;
  for (const char* list : {"v1-cgroupfs", "v1-systemd", "v2-cgroupfs", "v2-systemd"}) {
    std::vector<std::pair<std::string, CgroupName>> cgroups;
    std::vector<CgroupName> asked;
    std::ifstream file(folder + "/" + list);
    for (std::string label, line; file >> label >> line;) {
      const CgroupName cgroup = ParseCgroupPath(line.substr(line.rfind(':') + 1));
      cgroups.emplace_back(label, cgroup);
      asked.push_back(cgroup);
    }
    World world(folder + "/rootfs");
    world.Pass(asked);
    CHECK(world.names.Update());

    size_t seen = 0;
    for (const auto& [label, cgroup] : cgroups) {
      INFO(runtime << " " << list << ": " << label);
      const bool common = always.contains(label);
      seen += common ? 1 : 0;
      REQUIRE((common || extra.contains(label)));
      const Expected& expected = common ? always.at(label) : extra.at(label);
      CHECK(static_cast<int>(cgroup.kind) == static_cast<int>(expected.kind));
      CHECK(cgroup.unit == expected.unit);
      const ContainerName* found = world.names.Find(cgroup, world.now);
      const ContainerName name = found == nullptr ? ContainerName{} : *found;
      CHECK(name.name_space == expected.name.name_space);
      CHECK(name.pod == expected.name.pod);
      CHECK(name.container == expected.name.container);
      CHECK(name.workload == expected.name.workload);
    }
    CHECK(seen == always.size());
  }
}

}  // namespace

TEST_CASE("containerd's nodes, both versions and drivers") {
  CheckFixture("containerd", KubernetesTable(), {});
}

TEST_CASE("CRI-O's nodes, both versions and drivers") {
  const Table table = KubernetesTable();
  Table extra;
  const std::pair<const char*, const char*> pods[] = {
      {"api", "api"},    {"istio-proxy", "api"}, {"postgres", "db"}, {"node-exporter", "agent"},
      {"backup", "job"}, {"etcd", "etcd"}};
  for (const auto& [container, pod] : pods) {
    const std::string name = container;
    extra[name + "-inside"] = {Kind::kOther, "", table.at(name).name};
    extra[name + "-monitor"] = {Kind::kOther, "", {}};
    extra[name + "-monitor-in-pod"] = {Kind::kOther, "", table.at(std::string(pod) + "-pod").name};
  }
  CheckFixture("cri-o", table, extra);
}

TEST_CASE("Docker's nodes, cri-dockerd's pods included, both versions and drivers") {
  Table table = KubernetesTable();
  table.insert({{"web", {Kind::kContainer, "", {"", "", "web", ""}}},
                {"shop-db", {Kind::kContainer, "", {"", "", "shop-db-1", ""}}},
                {"in-docker", {Kind::kContainer, "", {}}}});
  CheckFixture("docker", table, {{"web-inside", {Kind::kOther, "", {"", "", "web", ""}}}});
}

TEST_CASE("Podman's nodes, both versions and drivers") {
  Table table = kUnits;
  table.insert({{"web", {Kind::kContainer, "", {"", "", "web", ""}}},
                {"temporary", {Kind::kContainer, "", {"", "", "jovial_pike", ""}}},
                {"infra", {Kind::kContainer, "", {"", "", "4bb1c9c7a0e1-infra", ""}}},
                {"db", {Kind::kContainer, "", {"", "", "db", ""}}},
                {"web-monitor", {Kind::kOther, "", {}}},
                {"quadlet", {Kind::kContainer, "nginx.service", {"", "", "systemd-nginx", ""}}},
                {"quadlet-monitor", {Kind::kOther, "nginx.service", {}}}});
  // The cgroup of a pod is a slice by its name with the systemd driver only.
  CheckFixture("podman", table,
               {{"podman-pod", {Kind::kSlice, "", {}}},
                {"podman-pod-folder", {Kind::kOther, "", {}}},
                {"web-inside", {Kind::kOther, "", {"", "", "web", ""}}},
                {"rootless", {Kind::kOther, "user@1000.service", {}}}});
}

TEST_CASE("where the kubelet's folders are not mounted, the runtime's own files name containers") {
  const Table table = KubernetesTable();
  for (const char* runtime : {"cri-o", "docker"}) {
    const std::string folder = std::string(MEMLEAK_CONTAINER_FIXTURES) + "/" + runtime;
    TemporaryTree tree;
    std::filesystem::copy(
        folder + "/rootfs", tree.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    tree.Remove("var/log");
    World world(tree.path());
    std::ifstream file(folder + "/v2-systemd");
    for (std::string label, line; file >> label >> line;) {
      INFO(runtime << " " << label);
      const auto row = table.find(label);
      if (row == table.end()) continue;
      const CgroupName cgroup = ParseCgroupPath(line.substr(line.rfind(':') + 1));
      const bool pod_only = row->second.kind == Kind::kPod;
      CHECK(world.Name(cgroup) == (pod_only ? ContainerName{} : row->second.name));
    }
  }
}

TEST_CASE("a node of 110 pods is named by one look, and who comes and goes by the next") {
  TemporaryTree tree;
  std::vector<CgroupName> cgroups;
  const auto add = [&](size_t n) {
    std::string pod = "web-6b9f4c7d8-" + std::string(1, "bcdfghjklm"[n / 20]) + "x2k" +
                      std::string(1, "bcdfghjklmnpqrstvwxz"[n % 20]);
    tree.MakeFolder(PodFolder("shop", pod, Uid(n)));
    tree.Link(ContainerLog(pod, "shop", "web", Id(n)), "/nowhere");
    cgroups.push_back(Container(Id(n), Runtime::kUnknown, Uid(n)));
    return pod;
  };
  for (size_t n = 0; n < 110; ++n) add(n);
  World world(tree.path());
  world.Pass(cgroups);
  CHECK(world.names.Update());
  for (const CgroupName& cgroup : cgroups) {
    const ContainerName* name = world.names.Find(cgroup, world.now);
    REQUIRE(name != nullptr);
    CHECK(name->container == "web");
    CHECK(name->workload == "web");
  }
  cgroups.erase(cgroups.begin());
  const std::string pod = add(110);
  world.Pass(cgroups);
  CHECK(world.names.Update());
  REQUIRE(world.names.Find(cgroups.back(), world.now) != nullptr);
  CHECK(world.names.Find(cgroups.back(), world.now)->pod == pod);
}

TEST_CASE("a pod is known before its container is, and the rest follows") {
  TemporaryTree tree;
  tree.MakeFolder(PodFolder("shop", "web-0", kUid));
  World world(tree.path());
  const CgroupName cgroup = Container(Id(1), Runtime::kContainerd, kUid);
  CHECK(world.Name(cgroup) == ContainerName{"shop", "web-0", "", "web"});
  tree.Link(ContainerLog("web-0", "shop", "web", Id(1)), "/nowhere");
  CHECK(world.Name(cgroup) == ContainerName{"shop", "web-0", "web", "web"});
}

TEST_CASE("a container belongs to the pod on its path, or it has no name") {
  TemporaryTree tree;
  tree.MakeFolder(PodFolder("shop", "web-0", kUid));
  tree.Link(ContainerLog("api-0", "shop", "api", Id(1)), "/nowhere");
  CHECK(NameIn(tree, Container(Id(1), Runtime::kContainerd, kUid)) ==
        ContainerName{"shop", "web-0", "", "web"});
  // Without a pod on the path (a private cgroup namespace) the link says it all.
  CHECK(NameIn(tree, Container(Id(1))) == ContainerName{"shop", "api-0", "api", "api"});
  // Docker's labels of another pod are not believed.
  tree.Write(DockerFile(Id(2)),
             R"({"Name":"/x","Config":{"Labels":{"io.kubernetes.pod.namespace":"shop",)"
             R"("io.kubernetes.pod.name":"db-0","io.kubernetes.container.name":"db",)"
             R"("io.kubernetes.pod.uid":")" +
                 kOtherUid + R"("}}})");
  CHECK(NameIn(tree, Container(Id(2), Runtime::kDocker, kUid)) ==
        ContainerName{"shop", "web-0", "", "web"});
  CHECK(NameIn(tree, Container(Id(2), Runtime::kDocker, kOtherUid)) ==
        ContainerName{"shop", "db-0", "db", "db"});
  tree.Remove("var/log");
  tree.Write(kPodmanFile,
             R"([{"id":")" + Id(3) + R"(","names":["k8s_db_db-0_shop_)" + kOtherUid + R"(_0"]}])");
  tree.Write(DockerFile(Id(4)), R"({"Name":"/k8s_db_db-0_shop_)" + kOtherUid + R"(_0"})");
  const ContainerName db{"shop", "db-0", "db", "db"};
  for (const auto& [id, runtime] :
       {std::pair(Id(2), Runtime::kDocker), std::pair(Id(3), Runtime::kCriO),
        std::pair(Id(4), Runtime::kDocker)}) {
    INFO(id);
    CHECK(NameIn(tree, Container(id, runtime, kUid)) == ContainerName{});
    CHECK(NameIn(tree, Container(id, runtime, kOtherUid)) == db);
    CHECK(NameIn(tree, Container(id, runtime)) == db);
  }
}

TEST_CASE("a user's own containers have no names, whatever ids they claim") {
  TemporaryTree tree;
  tree.Write(kPodmanFile, R"([{"id":")" + Id(1) + R"(","names":["db"]}])");
  tree.MakeFolder(PodFolder("shop", "web-0", kUid));
  CgroupName cgroup = Container(Id(1), Runtime::kPodman);
  CHECK(NameIn(tree, cgroup).container == "db");
  cgroup.unit = "user@1000.service";
  CHECK(NameIn(tree, cgroup) == ContainerName{});
  CgroupName pod = Pod(kUid);
  CHECK(NameIn(tree, pod).pod == "web-0");
  pod.unit = "user@1000.service";
  CHECK(NameIn(tree, pod) == ContainerName{});
}

TEST_CASE("what is unknown is looked for again, less and less often") {
  TemporaryTree tree;
  World world(tree.path());
  const CgroupName cgroup = Container(Id(1), Runtime::kPodman);
  // A look is told by what it finds: before each time given here the name appears, is not seen a
  // moment earlier, and is gone again after the pass.
  const auto looks = [&](double at) {
    tree.Write(kPodmanFile, R"([{"id":")" + Id(1) + R"(","names":["web"]}])");
    world.Pass({cgroup}, at);
    const bool found = world.names.Update();
    tree.Remove("var");
    return found;
  };
  double time = 1000;
  for (const double pause : {0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0}) {
    world.Pass({cgroup}, time);  // finds nothing, and starts a pause
    if (pause > 0) {
      INFO("pause of " << pause);
      CHECK_FALSE(looks(time + pause - 0.25));
    }
    time += pause;
  }
  CHECK(looks(time));
}

TEST_CASE("one look serves all that is unknown") {
  TemporaryTree tree;
  World world(tree.path());
  const CgroupName old = Container(Id(1), Runtime::kPodman);
  for (double at = 0; at < 100; at += 1) world.Pass({old}, at);
  // Its pause is not over, but a newcomer is looked for.
  tree.Write(kPodmanFile, R"([{"id":")" + Id(1) + R"(","names":["a"]},{"id":")" + Id(2) +
                              R"(","names":["b"]}])");
  world.Pass({old, Container(Id(2), Runtime::kPodman)}, 100.5);
  CHECK(world.names.Update());
  REQUIRE(world.names.Find(old, 100.5) != nullptr);
  CHECK(world.names.Find(old, 100.5)->container == "a");
}

TEST_CASE("nothing is looked for that nobody asks for any more") {
  TemporaryTree tree;
  World world(tree.path());
  const CgroupName cgroup = Container(Id(1), Runtime::kPodman);
  world.Pass({cgroup}, 0);
  tree.Write(kPodmanFile, R"([{"id":")" + Id(1) + R"(","names":["web"]}])");
  for (double at = 1; at < 200; at += 10) CHECK_FALSE(world.Pass({}, at));
  world.Pass({cgroup}, 200);
  CHECK(world.names.Update());
}

TEST_CASE("what is known is kept while it is asked for, and forgotten afterwards") {
  TemporaryTree tree;
  tree.Link(ContainerLog("web-0", "shop", "web", Id(1)), "/nowhere");
  World world(tree.path());
  const CgroupName cgroup = Container(Id(1));
  CHECK(world.Name(cgroup).container == "web");
  tree.Remove("var");  // the container's last processes may outlive its log
  const double start = world.now;
  for (double at = start; at < start + 1000; at += 100) CHECK_FALSE(world.Pass({cgroup}, at));
  const double last = world.now;
  world.Pass({}, last + 299);
  CHECK(world.names.Find(cgroup, last + 299) != nullptr);
  world.Pass({}, last + 299 + 300);
  CHECK(world.names.Find(cgroup, last + 299 + 300) == nullptr);
}

TEST_CASE("a renamed container is found out within a minute, and a removed one keeps its name") {
  TemporaryTree tree;
  tree.Write(DockerFile(Id(1)), R"({"Name":"/before"})");
  World world(tree.path());
  const CgroupName cgroup = Container(Id(1), Runtime::kDocker);
  CHECK(world.Name(cgroup).container == "before");
  const double known = world.now;
  tree.Write(DockerFile(Id(1)), R"({"Name":"/after"})");
  world.Pass({cgroup}, known + 59);
  CHECK_FALSE(world.names.Update());
  world.Pass({cgroup}, known + 60);
  CHECK(world.names.Update());
  CHECK(world.names.Find(cgroup, known + 60)->container == "after");
  tree.Remove("var");
  world.Pass({cgroup}, known + 121);
  CHECK_FALSE(world.names.Update());
  CHECK(world.names.Find(cgroup, known + 121)->container == "after");
}

TEST_CASE("a refresh that finds everything known allocates nothing") {
  TemporaryTree tree;
  std::vector<CgroupName> cgroups;
  for (size_t n = 0; n < 110; ++n) {
    const std::string pod = "web-" + std::to_string(n);
    tree.MakeFolder(PodFolder("shop", pod, Uid(n)));
    tree.Link(ContainerLog(pod, "shop", "web", Id(n)), "/nowhere");
    tree.Write(DockerFile(Id(1000 + n)), R"({"Name":"/docker)" + std::to_string(n) + R"("})");
    cgroups.push_back(Container(Id(n), Runtime::kUnknown, Uid(n)));
    cgroups.push_back(Pod(Uid(n)));
    cgroups.push_back(Container(Id(1000 + n), Runtime::kDocker));
  }
  World world(tree.path());
  world.Pass(cgroups);
  CHECK(world.names.Update());
  size_t known = 0;
  const size_t before = AllocationsOfThisThread();
  for (int pass = 1; pass <= 20; ++pass) {
    world.names.Update();
    for (const CgroupName& cgroup : cgroups) {
      if (world.names.Find(cgroup, world.now + pass) != nullptr) ++known;
    }
    world.names.EndPass(world.now + pass);
  }
  CHECK(AllocationsOfThisThread() == before);
  CHECK(known == 20 * cgroups.size());
}

TEST_CASE("hostile files and names change nothing but their own") {
  TemporaryTree tree;
  const std::string outside = tree.path() + "/outside";
  tree.Write("outside/config.v2.json", R"({"Name":"/outside"})");
  tree.Write("outside/var/log/pods/none/x", "");
  const std::string root = "root/";
  const auto docker = [&](size_t n) { return root + DockerFile(Id(n)); };

  tree.MakeFolder(root + PodFolder("shop", "web-0", kUid));
  for (const std::string& odd : std::vector<std::string>{
           "shop_w\xff_" + kOtherUid, "shop_we\nb_" + kOtherUid, "shop_\"web\"_" + kOtherUid,
           "shop__" + kOtherUid, "_web_" + kOtherUid, "SHOP_web_" + kOtherUid,
           std::string("shop_web_"), std::string("\x01"), std::string("shop_web_..")}) {
    tree.MakeFolder(std::filesystem::path(root) / "var/log/pods" / odd);
  }
  // A link to nowhere, one to itself, one that leaves the root: none is followed.
  tree.Link(root + ContainerLog("web-0", "shop", "web", Id(1)), "/nowhere");
  tree.Link(root + ContainerLog("web-0", "shop", "loop", Id(2)), "loop");
  tree.Link(root + ContainerLog("web-0", "shop", "out", Id(3)), outside);
  tree.Link(root + ContainerLog("web-0", "shop", "upper", std::string(64, 'A')), "/x");
  tree.Link(root + ContainerLog("web-0", "shop", "short", Id(4).substr(1)), "/x");
  tree.Link(root + ContainerLog("web-0", "shop", "long", Id(4) + "0"), "/x");
  tree.Link(root + ContainerLog("web-0", "shop", "\"odd\"\n", Id(5)), "/x");

  tree.Write(docker(10), R"({"Name":"/good"})");
  tree.Write(docker(11), R"({"Name":"/bad)");
  tree.Write(docker(12), R"({"Name":"/two\nlines"})");
  tree.Write(docker(13), R"({"Name":"/"})");
  tree.Write(docker(14), R"({"Name":"/\"quoted\""})");
  tree.MakeFolder(docker(15));
  tree.MakeFolder(root + "var/lib/docker/containers/" + Id(16));
  REQUIRE(mkfifo((tree.path() + "/" + root + DockerFile(Id(16))).c_str(), 0600) == 0);
  tree.Write(docker(17), R"({"Name":"/large"})");
  std::filesystem::resize_file(tree.path() + "/" + docker(17), 100'000'000);
  tree.Link(docker(18), outside + "/config.v2.json");
  tree.Link(root + "var/lib/docker/containers/" + Id(19), outside);
  tree.Link(root + "var/lib/docker/containers/" + Id(20), "../../../../../outside");
  tree.Write(docker(21), R"({"Name":"/k8s_web_web-0_shop_)" + kUid + R"(_0","Config":{"Labels":)" +
                             R"({"io.kubernetes.pod.name":"a\"b","io.kubernetes.pod.namespace":)" +
                             R"("shop","io.kubernetes.pod.uid":")" + kUid + R"("}}})");
  tree.Write(docker(22), R"({"Name":"/)" + std::string(300, 'n') + R"("})");
  tree.Write(root + kPodmanFile, R"([{"id":")" + Id(30) + R"(","names":["cut"]},)");
  tree.Write(root + "var/lib/containers/storage/vfs-containers/containers.json",
             R"([{"id":")" + Id(31) + R"(","names":["vfs"]}])");
  tree.Write(root + "run/containers/storage/vfs-containers/volatile-containers.json", "x");
  std::filesystem::resize_file(
      tree.path() + "/root/run/containers/storage/vfs-containers/volatile-containers.json",
      100'000'000);

  World world(tree.path() + "/root");
  const auto kubernetes = [&](size_t n) {
    return world.Name(Container(Id(n), Runtime::kContainerd, kUid)).container;
  };
  CHECK(world.Name(Pod(kUid)).pod == "web-0");
  CHECK(world.Name(Pod(kOtherUid)) == ContainerName{});
  CHECK(kubernetes(1) == "web");
  CHECK(kubernetes(2) == "loop");
  CHECK(kubernetes(3) == "out");
  CHECK(kubernetes(4).empty());
  CHECK(kubernetes(5).empty());

  const auto container = [&](size_t n) {
    return world.Name(Container(Id(n), Runtime::kDocker)).container;
  };
  CHECK(container(10) == "good");
  for (const int n : {11, 12, 13, 14, 15, 16, 17, 18, 19, 20}) {
    INFO(n);
    CHECK(world.Name(Container(Id(static_cast<size_t>(n)), Runtime::kDocker)) == ContainerName{});
  }
  CHECK(world.Name(Container(Id(21), Runtime::kDocker)) ==
        ContainerName{"shop", "web-0", "web", "web"});
  CHECK(container(22) == std::string(253, 'n'));

  CHECK(world.Name(Container(Id(30), Runtime::kPodman)) == ContainerName{});
  CHECK(world.Name(Container(Id(31), Runtime::kPodman)).container == "vfs");
  CHECK(world.names.stuck() == 0);
}

TEST_CASE("an id that is none never becomes part of a path") {
  TemporaryTree tree;
  tree.Write("root/" + DockerFile(Id(1)), R"({"Name":"/web"})");
  tree.Write("root/etc/config.v2.json", R"({"Name":"/etc"})");
  const RootedFiles files(tree.path() + "/root");
  const std::vector<ContainerQuestion> questions = {{"../../../../etc", "", Runtime::kDocker},
                                                    {"", "", Runtime::kDocker},
                                                    {Id(1), "", Runtime::kDocker}};
  const auto answers = LookUpContainers(NameSource::kDocker, files, questions);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].question == 2);
}

TEST_CASE("ten thousand pods: the right names, and a bound on what is listed") {
  TemporaryTree tree;
  tree.MakeFolder("var/log/pods");
  tree.MakeFolder("var/log/containers");
  // Only the names of the entries matter, and another name of one file is made fastest.
  tree.Write("file", "");
  const std::filesystem::path root = tree.path();
  for (size_t n = 0; n < 10'000; ++n) {
    const std::string pod = "web-" + std::to_string(n);
    std::filesystem::create_hard_link(root / "file", root / PodFolder("shop", pod, Uid(n)));
    std::filesystem::create_hard_link(root / "file",
                                      root / ContainerLog(pod, "shop", "web", Id(n)));
  }
  const RootedFiles files(tree.path());
  std::vector<ContainerQuestion> questions;
  for (size_t n = 0; n < 10'000; n += 97) {
    questions.push_back({Id(n), Uid(n), Runtime::kContainerd});
  }
  const LookupLimits patient{.patience = std::chrono::seconds(60)};
  const auto answers = LookUpContainers(NameSource::kKubelet, files, questions, patient);
  CHECK(answers.size() == questions.size());
  for (const ContainerAnswer& answer : answers) {
    const std::string pod = "web-" + std::to_string(answer.question * 97);
    CHECK(answer.name == ContainerName{"shop", pod, "web", "web"});
  }

  LookupLimits bounded = patient;
  bounded.max_entries = 100;
  questions.clear();
  for (size_t n = 0; n < 10'000; ++n) questions.push_back({"", Uid(n), Runtime::kUnknown});
  const size_t listed = LookUpContainers(NameSource::kKubelet, files, questions, bounded).size();
  CHECK(listed <= 100);
  CHECK(listed >= 98);  // "." and ".." are entries, too
  bounded = patient;
  bounded.patience = std::chrono::milliseconds(0);
  CHECK(LookUpContainers(NameSource::kKubelet, files, questions, bounded).size() <= 1024);
  CHECK(LookUpContainers(NameSource::kDocker, files, questions, bounded).empty());
}

TEST_CASE("no more is asked for than the bound") {
  TemporaryTree tree;
  tree.MakeFolder(PodFolder("shop", "web-0", kUid));
  World world(tree.path());
  for (size_t n = 0; n < ContainerNames::kMaxEntries; ++n) {
    world.names.Find(Container(Id(n), Runtime::kPodman), 0);
  }
  world.Pass({Pod(kUid)}, 0);
  CHECK_FALSE(world.names.Update());
  // Those that nobody asks for any more make room.
  world.Pass({}, 400);
  world.Pass({Pod(kUid)}, 401);
  CHECK(world.names.Update());
}

}  // namespace memleak
