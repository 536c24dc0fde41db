#include "exporter/model/kubelet_names.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

const std::string kUid = "3a1ccb5e-7d2f-4f0b-9d61-0b5a8f1c2d3e";
const std::string kStaticUid = "9f2c4b7ad1e83560aa17c3f0e4d2b695";
const std::string kId(64, 'a');

}  // namespace

TEST_CASE("a directory of a pod's logs") {
  const std::string name = "shop_api-7d4b9c8f5d-x2k4p_" + kUid;
  const auto pod = ParsePodLogDirectory(name);
  REQUIRE(pod);
  CHECK(pod->name_space == "shop");
  CHECK(pod->pod == "api-7d4b9c8f5d-x2k4p");
  CHECK(pod->pod_uid == kUid);
  CHECK(pod->container.empty());
  CHECK(pod->container_id.empty());
  CHECK(ParsePodLogDirectory("kube-system_etcd-node.example.org_" + kStaticUid));

  for (const std::string& bad : std::vector<std::string>{
           "shop_api", "shop_api_", "_api_" + kUid, "shop__" + kUid, "shop_api_web_" + kUid,
           "shop_api_" + kUid + "_1", "Shop_api_" + kUid, "shop_\"api\"_" + kUid,
           "shop_a\npi_" + kUid, "shop_a\xffpi_" + kUid, "shop_api-_" + kUid, "-shop_api_" + kUid,
           "shop_a..b_" + kUid, std::string(64, 'n') + "_api_" + kUid,
           "shop_" + std::string(254, 'p') + "_" + kUid, "", ".", ".."}) {
    INFO(bad);
    CHECK_FALSE(ParsePodLogDirectory(bad));
  }
}

TEST_CASE("a link to a container's log") {
  const std::string name = "postgres-0_shop_postgres-init-" + kId + ".log";
  const auto link = ParseContainerLog(name);
  REQUIRE(link);
  CHECK(link->pod == "postgres-0");
  CHECK(link->name_space == "shop");
  CHECK(link->container == "postgres-init");
  CHECK(link->container_id == kId);
  CHECK(link->pod_uid.empty());

  for (const std::string& bad : std::vector<std::string>{
           "postgres-0_shop_postgres-" + kId, "postgres-0_shop_postgres-" + kId.substr(1) + ".log",
           "postgres-0_shop_postgres-" + kId + "a.log", "postgres-0_shop_postgres" + kId + ".log",
           "postgres-0_shop_-" + kId + ".log", "postgres-0_shop-" + kId + ".log",
           "_shop_postgres-" + kId + ".log", "postgres-0_shop_post_gres-" + kId + ".log",
           "postgres-0_shop_postgres-" + std::string(64, 'A') + ".log",
           "p\n0_shop_postgres-" + kId + ".log", ".log", "-.log", ""}) {
    INFO(bad);
    CHECK_FALSE(ParseContainerLog(bad));
  }
}

TEST_CASE("a container's name by dockershim, cri-dockerd or CRI-O") {
  const std::string name = "k8s_istio-proxy_api-7d4b9c8f5d-x2k4p_shop_" + kUid + "_3";
  const auto container = ParseRuntimeName(name);
  REQUIRE(container);
  CHECK(container->container == "istio-proxy");
  CHECK(container->pod == "api-7d4b9c8f5d-x2k4p");
  CHECK(container->name_space == "shop");
  CHECK(container->pod_uid == kUid);

  const std::string sandbox = "k8s_POD_api_shop_" + kUid + "_0";
  REQUIRE(ParseRuntimeName(sandbox));
  CHECK(ParseRuntimeName(sandbox)->container.empty());
  // After a conflict of names dockershim appends a random number.
  CHECK(ParseRuntimeName("k8s_web_api_shop_" + kUid + "_0_9afc1d2e"));

  for (const std::string& bad :
       std::vector<std::string>{"k8s__api_shop_" + kUid + "_0", "k8s_web_api_" + kUid + "_0",
                                "web_api_shop_" + kUid + "_0", "k8s_web_api_shop_uid_0",
                                "k8s_Web_api_shop_" + kUid + "_0", "k8s", ""}) {
    INFO(bad);
    CHECK_FALSE(ParseRuntimeName(bad));
  }
}

TEST_CASE("labels and subdomains") {
  CHECK(IsDnsLabel("a"));
  CHECK(IsDnsLabel(std::string(63, 'a')));
  CHECK_FALSE(IsDnsLabel(std::string(64, 'a')));
  CHECK_FALSE(IsDnsLabel(""));
  CHECK_FALSE(IsDnsLabel("a.b"));
  CHECK(IsDnsSubdomain("a.b-c.0"));
  CHECK(IsDnsSubdomain(std::string(253, 'a')));
  CHECK_FALSE(IsDnsSubdomain(std::string(254, 'a')));
  CHECK_FALSE(IsDnsSubdomain("a."));
  CHECK_FALSE(IsDnsSubdomain(".a"));
  CHECK_FALSE(IsDnsSubdomain("a.-b"));
}

}  // namespace memleak
