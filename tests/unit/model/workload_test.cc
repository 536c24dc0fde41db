#include "exporter/model/workload.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

const std::string kUid = "3a1ccb5e-7d2f-4f0b-9d61-0b5a8f1c2d3e";
const std::string kStaticUid = "9f2c4b7ad1e83560aa17c3f0e4d2b695";

struct Row {
  std::string pod;
  std::string workload;
};

}  // namespace

TEST_CASE("a pod's workload by what its controller calls it") {
  const Row rows[] = {
      // Deployments: the hash of the template has as many digits as its number.
      {"api-7d4b9c8f5d-x2k4p", "api"},
      {"coredns-5dd5756b68-b9xqz", "coredns"},
      {"coredns-787d4945fb-zz2kq", "coredns"},
      {"web-1-6b9f4c7d-24578", "web-1"},
      {"web-88bcd-6c9d5bf8b6-t7v2n", "web-88bcd"},
      {"api-58bf79-qwx9z", "api"},
      // DaemonSets and Jobs.
      {"node-exporter-x7h2p", "node-exporter"},
      {"kube-proxy-zzzzz", "kube-proxy"},
      {"migrate-schema-9k4qv", "migrate-schema"},
      // A DaemonSet whose name ends in letters of the hash's alphabet.
      {"api-db-x2k4p", "api-db"},
      {"cache-bcd-x2k4p", "cache-bcd"},
      // Too large for 32 bits, or with a leading zero: a name, not a hash.
      {"api-9999999999-x2k4p", "api-9999999999"},
      {"api-4567899bcd-x2k4p", "api-4567899bcd"},
      // StatefulSets.
      {"postgres-0", "postgres"},
      {"kafka-broker-12", "kafka-broker"},
      {"web-7d4b9c8f5d-0", "web-7d4b9c8f5d"},
      {"api-01", "api-01"},
      {"release-20240131", "release-20240131"},
      // CronJobs.
      {"backup-28394400-x2k4p", "backup"},
      {"backup-28948930-zq2tz", "backup"},
      {"backup-manual-7xk-x2k4p", "backup-manual-7xk"},
      {"backup-98948930-x2k4p", "backup-98948930"},
      // Indexed Jobs, of a CronJob, too.
      {"render-0-x2k4p", "render"},
      {"render-127-x2k4p", "render"},
      {"render-28394400-7-x2k4p", "render"},
      {"render-007-x2k4p", "render-007"},
      // Bare pods, and names that only look generated.
      {"debug", "debug"},
      {"my-nginx", "my-nginx"},
      {"my-mysql", "my-mysql"},      // y is not in the alphabet
      {"web-x2k4", "web-x2k4"},      // four characters
      {"web-x2k4pb", "web-x2k4pb"},  // six
      {"web-X2K4P", "web-X2K4P"},
      {"docs-html5", "docs"},  // cannot be told from a DaemonSet's
      // Nothing may be left.
      {"x2k4p", "x2k4p"},
      {"-x2k4p", "-x2k4p"},
      {"7d4b9c8f5d-x2k4p", "7d4b9c8f5d"},
      {"0", "0"},
      {"-0", "-0"},
      {"", ""},
      {"-", "-"},
  };
  for (const Row& row : rows) {
    INFO(row.pod);
    CHECK(WorkloadOf(row.pod, kUid, "node-1") == row.workload);
    CHECK(WorkloadOf(row.pod, "", "") == row.workload);
  }
}

TEST_CASE("a generated name of 63 characters was cut before its last five") {
  // 47 + "-" + 10 digits = 58: cut at the dash that would follow.
  const std::string name47 = "a-very-long-deployment-name-that-people-do-givee";
  REQUIRE(name47.size() == 48);
  const std::string deployment = name47.substr(0, 47);
  CHECK(WorkloadOf(deployment + "-7d5b9c8f5dx2k4p", kUid, "") == deployment);
  // Longer by 4, so the hash has lost 4 digits, and 9.
  CHECK(WorkloadOf(deployment + "abcd-7d5b9cx2k4p", kUid, "") == deployment + "abcd");
  CHECK(WorkloadOf(deployment + "abcdabcda-7x2k4p", kUid, "") == deployment + "abcdabcda");
  // Nothing left of the hash but its dash.
  CHECK(WorkloadOf(deployment + "abcdabcdab-x2k4p", kUid, "") == deployment + "abcdabcdab");
  // A DaemonSet's, cut within its name.
  const std::string cut58(58, 'm');
  CHECK(WorkloadOf(cut58 + "x2k4p", kUid, "") == cut58);
  // One character less is not cut.
  CHECK(WorkloadOf(cut58.substr(1) + "x2k4p", kUid, "") == cut58.substr(1) + "x2k4p");
}

TEST_CASE("a static pod is named by its manifest and the node") {
  struct Static {
    std::string pod, node, workload;
  };
  const Static rows[] = {
      {"kube-apiserver-node-1", "node-1", "kube-apiserver"},
      {"etcd-ip-10-0-0-7.eu-west-1.compute.internal", "ip-10-0-0-7", "etcd"},
      {"etcd-ip-10-0-0-7", "ip-10-0-0-7.eu-west-1.compute.internal", "etcd"},
      {"etcd-ip-10-0-0-7.eu-west-1.compute.internal", "ip-10-0-0-7.eu-west-1.compute.internal",
       "etcd"},
      // Only the last occurrence, and only as a whole part.
      {"web-node-node", "node", "web-node"},
      {"etcd-node-12", "node-1", "etcd-node-12"},
      {"etcd-mynode-1", "node-1", "etcd-mynode-1"},
      // Another name than /etc/hostname has, or none: as it is, the suffix not taken for an
      // ordinal.
      {"kube-proxy-worker-0", "elsewhere", "kube-proxy-worker-0"},
      {"kube-proxy-worker-0", "", "kube-proxy-worker-0"},
      {"-node-1", "node-1", "-node-1"},
      {"node-1", "node-1", "node-1"},
      {"etcd-x", ".x", "etcd-x"},
  };
  for (const Static& row : rows) {
    INFO(row.pod + " on " + row.node);
    CHECK(WorkloadOf(row.pod, kStaticUid, row.node) == row.workload);
  }
  // A pod with a UUID was not named by a node.
  CHECK(WorkloadOf("api-node-1", kUid, "node-1") == "api-node");
}

}  // namespace memleak
