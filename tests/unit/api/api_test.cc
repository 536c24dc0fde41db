#include "exporter/web/api/api.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "exporter/scraper.h"
#include "exporter/web/api/json.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

Options OptionsFor(const ProcTree& tree) {
  Options options;
  options.path.procfs = tree.path();
  options.path.sysfs = tree.path() + "/sys";
  options.path.rootfs = tree.path();
  options.process.min_rss_bytes = 0;
  options.process.min_age = std::chrono::milliseconds(0);
  // Only when the test asks for it.
  options.scrape.min_interval = std::chrono::hours(1);
  options.trend.interval = std::chrono::hours(2);
  return options;
}

// A started exporter without a server.
struct Host {
  explicit Host(std::chrono::milliseconds min_interval = std::chrono::hours(1)) {
    for (int pid = 1; pid <= 3; ++pid) {
      TreeProcess process;
      process.pid = pid;
      process.resident_kib = static_cast<uint64_t>(pid) * 1024;
      tree.Put(process);
    }
    std::filesystem::create_directories(tree.path() + "/sys/kernel");
    tree.Write("sys/kernel/hostname", "worker-a17\n");
    Options options = OptionsFor(tree);
    options.scrape.min_interval = min_interval;
    scraper = std::make_unique<Scraper>(options);
    scraper->Start();
    api = std::make_unique<Api>(*scraper);
  }
  Json Get(std::string_view path, std::string_view query = {}, int status = 200) {
    const ApiAnswer answer = api->Answer(path, query);
    INFO(answer.body);
    CHECK(answer.status == status);
    return Json::parse(answer.body);
  }

  ProcTree tree;
  std::unique_ptr<Scraper> scraper;
  std::unique_ptr<Api> api;
};

}  // namespace

TEST_CASE("each path of the API answers its document") {
  Host host;
  CHECK(host.Get("/api/v1/processes")["processes"].size() == 3);
  CHECK(host.Get("/api/v1/processes", "limit=1")["processes"][0]["pid"] == 3);
  CHECK(host.Get("/api/v1/groups")["groups"][0]["processes"] == 3);
  CHECK(host.Get("/api/v1/cgroups")["cgroups"] == Json::array());
  CHECK(host.Get("/api/v1/oom-kills")["oom_kills"] == Json::array());
  const Json node = host.Get("/api/v1/node");
  CHECK(node["node"]["name"] == "worker-a17");
  CHECK(node["node"]["processes"] == 3);
  CHECK(node["node"]["memory_total_bytes"] == 1'024'000);
  CHECK(node["exporter"]["source"] == "procfs");
  CHECK(node["exporter"]["processes_listed"] == true);
  const Json one = host.Get("/api/v1/processes/2");
  CHECK(one["process"]["pid"] == 2);
  CHECK(one["process"]["siblings"].size() == 2);
  CHECK(one["process"]["status"]["VmRSS"] == 2 * 1024 * 1024);
  CHECK(one["process"]["kinds"]["times"].size() == 1);
  // The tree has no such file.
  CHECK(one["process"]["regions_missing"] == "no memory");
}

TEST_CASE("what is not understood is refused in JSON") {
  Host host;
  for (const char* path :
       {"/api/v1/", "/api/v1/nonsense", "/api/v1/processes/", "/api/v1/processes/x",
        "/api/v1/processes/0", "/api/v1/processes/-1", "/api/v1/processes/2/3",
        "/api/v1/processes/99999999999", "/api/v1/processes/4", "/api/v1/node/"}) {
    CHECK(host.Get(path, "", 404).contains("error"));
  }
  CHECK(host.Get("/api/v1/processes", "nonsense=1", 400).contains("error"));
  CHECK(host.Get("/api/v1/groups", "pid=1", 400).contains("error"));
  CHECK(host.Get("/api/v1/node", "limit=1", 400).contains("error"));
  CHECK(host.Get("/api/v1/processes/2", "history=true", 400).contains("error"));
}

TEST_CASE("a document is not sent again to who has it") {
  Host host;
  for (const char* path : {"/api/v1/processes", "/api/v1/node", "/api/v1/processes/2"}) {
    const ApiAnswer first = host.api->Answer(path, "");
    const ApiAnswer again = host.api->Answer(path, "", "\"x\", " + first.etag);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(again.etag == first.etag);
    CHECK(host.api->Answer(path, "", "\"other\"").status == 200);
    // Another run has counted as far.
    const Api other(*host.scraper);
    CHECK(Api(*host.scraper).Answer(path, "", first.etag).status == 200);
  }
}

TEST_CASE("a new look at the host is a new document") {
  Host host(std::chrono::milliseconds(0));
  const ApiAnswer first = host.api->Answer("/api/v1/processes", "");
  const ApiAnswer second = host.api->Answer("/api/v1/processes", "", first.etag);
  CHECK(second.status == 200);
  CHECK(second.etag != first.etag);
}

TEST_CASE("a client names what it has") {
  const std::string etag = "W/\"1-2\"";
  CHECK(NamesEtag("W/\"1-2\"", etag));
  CHECK(NamesEtag("\"1-2\"", etag));
  CHECK(NamesEtag(" \"a\" ,\tW/\"1-2\" ", etag));
  CHECK(NamesEtag("*", etag));
  CHECK_FALSE(NamesEtag("", etag));
  CHECK_FALSE(NamesEtag(",", etag));
  CHECK_FALSE(NamesEtag("\"1-20\"", etag));
  CHECK_FALSE(NamesEtag("1-2", etag));
}

}  // namespace memleak
