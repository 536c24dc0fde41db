#include "exporter/model/cgroup_path.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

const std::string kId = "0f5bb1ad8c2ab2a5c6ae7d0e8f4c9a3b1d2e3f405162738495a6b7c8d9e0f1a2";
const std::string kOtherId = "77f4d1b2c3a4958677f4d1b2c3a4958677f4d1b2c3a4958677f4d1b2c3a49586";
const std::string kUid = "3a1ccb5e-7d2f-4f0b-9d61-0b5a8f1c2d3e";
const std::string kSliceUid = "3a1ccb5e_7d2f_4f0b_9d61_0b5a8f1c2d3e";
const std::string kStaticUid = "9f2c4b7ad1e83560aa17c3f0e4d2b695";

using Runtime = ContainerRuntime;
using Kind = CgroupKind;

struct Row {
  std::string path;
  CgroupName name;
};

CgroupName Container(Runtime runtime, std::string pod_uid = "", std::string unit = "") {
  return {Kind::kContainer, std::move(unit), std::move(pod_uid), kId, runtime};
}
CgroupName Inside(CgroupName name) {
  name.kind = Kind::kOther;
  return name;
}
CgroupName Pod(const std::string& uid) { return {Kind::kPod, "", uid, "", Runtime::kUnknown}; }
CgroupName Unit(const std::string& unit) { return {Kind::kUnit, unit, "", "", Runtime::kUnknown}; }
CgroupName Slice(const std::string& unit = "") {
  return {Kind::kSlice, unit, "", "", Runtime::kUnknown};
}
CgroupName Other(const std::string& unit = "") {
  return {Kind::kOther, unit, "", "", Runtime::kUnknown};
}

void Check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.path);
    const CgroupName name = ParseCgroupPath(row.path);
    CHECK(static_cast<int>(name.kind) == static_cast<int>(row.name.kind));
    CHECK(name.unit == row.name.unit);
    CHECK(name.pod_uid == row.name.pod_uid);
    CHECK(name.container_id == row.name.container_id);
    CHECK(static_cast<int>(name.runtime) == static_cast<int>(row.name.runtime));
  }
}

}  // namespace

TEST_CASE("Kubernetes: the pod and the container of each runtime and driver") {
  const std::string burstable =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kSliceUid + ".slice";
  const std::string guaranteed = "/kubepods.slice/kubepods-pod" + kSliceUid + ".slice";
  const std::string best_effort =
      "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + kSliceUid + ".slice";
  const std::string kind =
      "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
      "kubelet-kubepods-burstable-pod" +
      kSliceUid + ".slice";
  Check({
      {burstable, Pod(kUid)},
      {guaranteed, Pod(kUid)},
      {best_effort, Pod(kUid)},
      {kind, Pod(kUid)},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kStaticUid + ".slice",
       Pod(kStaticUid)},
      {"/kubepods/burstable/pod" + kUid, Pod(kUid)},
      {"/kubepods/besteffort/pod" + kStaticUid, Pod(kStaticUid)},
      {"/kubepods/pod" + kUid, Pod(kUid)},
      {"/kubelet/kubepods/burstable/pod" + kUid, Pod(kUid)},

      {burstable + "/cri-containerd-" + kId + ".scope", Container(Runtime::kContainerd, kUid)},
      {guaranteed + "/cri-containerd-" + kId + ".scope", Container(Runtime::kContainerd, kUid)},
      {kind + "/cri-containerd-" + kId + ".scope", Container(Runtime::kContainerd, kUid)},
      {"/kubepods/burstable/pod" + kUid + "/" + kId, Container(Runtime::kUnknown, kUid)},
      {"/kubepods/pod" + kUid + "/" + kId, Container(Runtime::kUnknown, kUid)},
      {"/kubepods-burstable-pod" + kSliceUid + ".slice:cri-containerd:" + kId,
       Container(Runtime::kContainerd, kUid)},
      {"/system.slice/containerd.service/kubepods-pod" + kSliceUid + ".slice:cri-containerd:" + kId,
       Container(Runtime::kContainerd, kUid, "containerd.service")},

      {burstable + "/crio-" + kId + ".scope", Container(Runtime::kCriO, kUid)},
      {burstable + "/crio-" + kId + ".scope/container", Inside(Container(Runtime::kCriO, kUid))},
      {burstable + "/crio-conmon-" + kId + ".scope",
       {Kind::kOther, "", kUid, "", Runtime::kUnknown}},
      {"/kubepods/besteffort/pod" + kUid + "/crio-" + kId, Container(Runtime::kCriO, kUid)},
      {"/kubepods/besteffort/pod" + kUid + "/crio-conmon-" + kId,
       {Kind::kOther, "", kUid, "", Runtime::kUnknown}},
      {"/system.slice/crio-conmon-" + kId + ".scope", Other()},

      {best_effort + "/docker-" + kId + ".scope", Container(Runtime::kDocker, kUid)},
  });
}

TEST_CASE("Kubernetes: folders of the kubelet itself") {
  Check({
      {"/kubepods", Other()},
      {"/kubepods/burstable", Other()},
      {"/kubepods.slice", Slice()},
      {"/kubepods.slice/kubepods-burstable.slice", Slice()},
      {"/system.slice/kubelet.service", Unit("kubelet.service")},
      {"/kubepods.slice/kubepods-podinfo.slice", Slice()},
      {"/kubepods/burstable/pod" + kUid + "0", Other()},
      {"/kubepods/burstable/podinfo", Other()},
      // A pod's slice has no uid but in the kubelet's own naming.
      {"/my.slice/my-pod" + kSliceUid + ".slice", Slice()},
  });
}

TEST_CASE("Docker and nerdctl") {
  Check({
      {"/docker", Other()},
      {"/docker/" + kId, Container(Runtime::kDocker)},
      {"/docker/" + kId + "/init.scope", Inside(Container(Runtime::kDocker))},
      {"/system.slice/docker-" + kId + ".scope", Container(Runtime::kDocker)},
      {"/system.slice/docker-" + kId + ".scope/system.slice/nginx.service",
       Inside(Container(Runtime::kDocker))},
      {"/batch/" + kId, Container(Runtime::kUnknown)},  // --cgroup-parent
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + kId + ".scope",
       Container(Runtime::kDocker, "", "user@1000.service")},
      {"/system.slice/nerdctl-" + kId + ".scope", Container(Runtime::kContainerd)},
      {"/default/" + kId, Container(Runtime::kUnknown)},
      {"/system.slice/docker.service", Unit("docker.service")},
      {"/system.slice/docker.socket", Other()},
  });
}

TEST_CASE("Podman") {
  const std::string user = "/user.slice/user-1000.slice/user@1000.service";
  const CgroupName rootless = Container(Runtime::kPodman, "", "user@1000.service");
  Check({
      {"/machine.slice/libpod-" + kId + ".scope", Container(Runtime::kPodman)},
      {"/machine.slice/libpod-" + kId + ".scope/container", Inside(Container(Runtime::kPodman))},
      {"/machine.slice/libpod-conmon-" + kId + ".scope", Other()},
      {"/machine.slice/machine-libpod_pod_" + kOtherId + ".slice", Slice()},
      {"/machine.slice/machine-libpod_pod_" + kOtherId + ".slice/libpod-" + kId + ".scope",
       Container(Runtime::kPodman)},
      {"/libpod_parent/libpod-" + kId, Container(Runtime::kPodman)},
      {"/libpod_parent/libpod-" + kId + "/ctr", Inside(Container(Runtime::kPodman))},
      {"/libpod_parent/libpod-conmon-" + kId, Other()},
      {"/libpod_parent/conmon", Other()},
      {"/libpod_parent/" + kOtherId, Other()},
      {"/libpod_parent/" + kOtherId + "/libpod-" + kId, Container(Runtime::kPodman)},
      {"/system.slice/nginx.service/libpod-payload-" + kId,
       Container(Runtime::kPodman, "", "nginx.service")},
      {"/system.slice/nginx.service/runtime", Other("nginx.service")},
      {user + "/user.slice/libpod-" + kId + ".scope", rootless},
      {user + "/user.slice/libpod-" + kId + ".scope/container", Inside(rootless)},
      // A systemd in the container: what it starts is the container's.
      {user + "/user.slice/libpod-" + kId + ".scope/system.slice/cron.service", Inside(rootless)},
      {user + "/user.slice/user-libpod_pod_" + kOtherId + ".slice/libpod-" + kId + ".scope",
       rootless},
  });
}

TEST_CASE("systemd: units, the outermost counts") {
  Check({
      {"/", Other()},
      {"/init.scope", Unit("init.scope")},
      {"/system.slice", Slice()},
      {"/system.slice/ssh.service", Unit("ssh.service")},
      {"/system.slice/system-postgresql.slice/postgresql@15-main.service",
       Unit("postgresql@15-main.service")},
      {"/user.slice/user-1000.slice", Slice()},
      {"/user.slice/user-1000.slice/session-3.scope", Unit("session-3.scope")},
      {"/user.slice/user-1000.slice/user@1000.service", Unit("user@1000.service")},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", Slice("user@1000.service")},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
       Unit("user@1000.service")},
      {"/user.slice/user-1000.slice/user@1000.service/init.scope", Unit("user@1000.service")},
      {R"(/system.slice/system-systemd\x2dfsck.slice/systemd-fsck@dev-sda1.service)",
       Unit("systemd-fsck@dev-sda1.service")},
      {"/system.slice/foo.service/worker", Other("foo.service")},
      {"/machine.slice/systemd-nspawn@box.service/payload", Other("systemd-nspawn@box.service")},
      {"/lxc/box", Other()},
  });
}

TEST_CASE("a private cgroup namespace shows paths that climb out of it") {
  Check({
      {"/..", Other()},
      {"/../../system.slice/ssh.service", Unit("ssh.service")},
      {"/../../pod" + kUid + "/" + kId, Container(Runtime::kUnknown, kUid)},
      {"/../" + kId, Container(Runtime::kUnknown)},
      {"/../cri-containerd-" + kId + ".scope", Container(Runtime::kContainerd)},
      {"/../../kubepods-pod" + kSliceUid + ".slice/crio-" + kId + ".scope",
       Container(Runtime::kCriO, kUid)},
      {"/../libpod-" + kId, Container(Runtime::kPodman)},
  });
}

TEST_CASE("containers in containers: the innermost") {
  Check({
      {"/docker/" + kOtherId + "/docker/" + kId, Container(Runtime::kDocker)},
      {"/kubepods/pod" + kUid + "/" + kOtherId + "/docker/" + kId,
       Container(Runtime::kDocker, kUid)},
      {"/docker/" + kOtherId + "/kubelet/kubepods/pod" + kUid + "/" + kId,
       Container(Runtime::kUnknown, kUid)},
      // The pod of a node in a container is nearer than the node's container.
      {"/docker/" + kOtherId + "/kubelet/kubepods/pod" + kUid, Pod(kUid)},
      {"/docker/" + kOtherId + "/kubelet.slice/kubelet.service",
       {Kind::kOther, "", "", kOtherId, Runtime::kDocker}},
  });
}

TEST_CASE("what merely looks like a container is none") {
  const std::string upper = "0F5BB1AD8C2AB2A5C6AE7D0E8F4C9A3B1D2E3F405162738495A6B7C8D9E0F1A2";
  Check({
      {"/docker/0f5bb1ad8c2a", Other()},
      {"/docker/" + kId.substr(1), Other()},
      {"/docker/" + kId + "0", Other()},
      {"/docker/" + upper, Other()},
      {"/docker/g" + kId.substr(1), Other()},
      {"/system.slice/docker-" + kId.substr(1) + ".scope",
       Unit("docker-" + kId.substr(1) + ".scope")},
      {"/system.slice/backup-" + kId + ".scope", Unit("backup-" + kId + ".scope")},
      {"/system.slice/docker-" + kId + ".service", Unit("docker-" + kId + ".service")},
      {"/a:" + kId, Other()},
      {"/a:docker:" + kId.substr(1), Other()},
      {"/:docker:" + kId, Container(Runtime::kDocker)},
      {"", Other()},
      {"system.slice", Slice()},
      {"//system.slice//", Slice()},
      {"/\xff\xfe\"\n.service", Unit("\xff\xfe\"\n.service")},
      {"/.service", Unit(".service")},
  });
}

TEST_CASE("ids and uids") {
  CHECK(IsContainerId(kId));
  CHECK_FALSE(IsContainerId(""));
  CHECK_FALSE(IsContainerId(std::string(64, 'z')));
  CHECK(IsPodUid(kUid));
  CHECK(IsPodUid(kStaticUid));
  CHECK_FALSE(IsPodUid(kSliceUid));
  CHECK_FALSE(IsPodUid(""));
  CHECK_FALSE(IsPodUid(kUid + "0"));
  CHECK_FALSE(IsPodUid("3A1CCB5E-7D2F-4F0B-9D61-0B5A8F1C2D3E"));
}

}  // namespace memleak
