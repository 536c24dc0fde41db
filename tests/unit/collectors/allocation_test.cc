#include <filesystem>
#include <string>
#include <utility>

#include "collectors/registry.h"
#include "exporter/model/host_model.h"
#include "exporter/trend/host_trends.h"
#include "exporter/trend/kind_histories.h"
#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

// Allocations of one refresh and one run of all collectors on a host of `count` processes that
// stay as they are, after the buffers have grown.
size_t AllocationsOfUnchangedScrape(int count) {
  ProcTree tree;
  for (int pid = 1; pid <= count; ++pid) {
    TreeProcess process;
    process.pid = pid;
    process.comm = "program" + std::to_string(pid % 7);
    process.exe = "/usr/bin/" + process.comm;
    process.fds = 1;
    tree.Put(process);
  }
  const std::filesystem::path hierarchy = tree.path() + "/sys/fs/cgroup";
  std::filesystem::create_directories(hierarchy / "web.service");
  tree.Write(hierarchy / "cgroup.controllers", "memory\n");
  tree.Write(hierarchy / "cgroup.procs", "1\n2\n3\n");
  const std::pair<const char*, const char*> files[] = {
      {"cgroup.procs", "4\n5\n6\n7\n8\n9\n10\n"},
      {"memory.max", "max\n"},
      {"memory.current", "4096\n"},
      {"memory.swap.current", "0\n"},
      {"memory.stat",
       "anon 4096\nfile 0\nkernel 0\nshmem 0\ninactive_anon 4096\nactive_anon 0\n"
       "inactive_file 0\nactive_file 0\n"}};
  for (const auto& [file, text] : files) tree.Write(hierarchy / "web.service" / file, text);
  Options options;
  options.path.procfs = tree.path();
  options.path.sysfs = tree.path() + "/sys";
  options.path.rootfs = tree.path();
  options.process.min_rss_bytes = 0;
  options.process.limit = count;  // the rendering of each is measured, too
  Needs needs;
  std::vector<std::unique_ptr<Collector>> collectors;
  for (const CollectorInfo& info : AllCollectors()) {
    needs = needs | info.needs;
    collectors.push_back(info.make());
  }
  HostModel model(options, needs);
  HostTrends trends(60);
  KindHistories kinds(60);
  MetricWriter writer(Format::kText);
  const auto scrape = [&] {
    trends.Feed(model.Look());
    const Snapshot& snapshot = model.Choose();
    kinds.Feed(snapshot);
    writer.Reset(Format::kText);
    for (const auto& collector : collectors) collector->Collect(snapshot, writer);
    return writer.Finish().size();
  };
  model.FirstLook(std::chrono::seconds(20));
  scrape();
  REQUIRE(scrape() > static_cast<size_t>(count) * 500);
  REQUIRE(model.snapshot().cgroups->size() == 1);
  const size_t before = AllocationsOfThisThread();
  scrape();
  return AllocationsOfThisThread() - before;
}

}  // namespace

TEST_CASE("a scrape of unchanged processes allocates nothing at all") {
  CHECK(AllocationsOfUnchangedScrape(10) == 0);
  CHECK(AllocationsOfUnchangedScrape(500) == 0);
}

}  // namespace memleak
