#include "exporter/scraper.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "collectors/meminfo.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

constexpr Family kGood = {"good", MetricType::kGauge, "", "Works."};
constexpr Family kHalf = {"half", MetricType::kGauge, "", "Fails after its first sample."};

class Good : public Collector {
  void Collect(const Snapshot&, MetricWriter& writer) override {
    writer.Begin(kGood);
    writer.Sample({}, uint64_t{1});
  }
};

class Half : public Collector {
  void Collect(const Snapshot&, MetricWriter& writer) override {
    writer.Begin(kHalf);
    writer.Sample({}, uint64_t{1});
    throw std::runtime_error("halfway");
  }
};

std::unique_ptr<Collector> MakeGood() { return std::make_unique<Good>(); }
std::unique_ptr<Collector> MakeHalf() { return std::make_unique<Half>(); }

constexpr std::array<CollectorInfo, 4> kRegistry = {{
    {"good", "", true, {}, MakeGood},
    {"half", "", true, {}, MakeHalf},
    {"also_good", "", true, {.node = {.meminfo = true}}, MakeMeminfoCollector},
    {"off", "", false, {.processes = true}, MakeGood},
}};

Options OptionsFor(const ProcTree& tree) {
  Options options;
  options.path.procfs = tree.path();
  options.path.sysfs = tree.path() + "/sys";
  options.path.rootfs = tree.path();
  options.process.min_rss_bytes = 0;
  options.process.min_age = std::chrono::milliseconds(0);
  options.scrape.min_interval = std::chrono::milliseconds(0);
  return options;
}

size_t Count(const std::string& body, const std::string& text) {
  size_t count = 0;
  for (size_t at = body.find(text); at != std::string::npos; at = body.find(text, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a collector that throws halfway leaves no trace but its success series") {
  const ProcTree tree;
  Scraper scraper(OptionsFor(tree), kRegistry);
  const std::string body = scraper.Scrape(Format::kText, {});
  CHECK_THAT(body, ContainsText("\ngood 1\n"));
  CHECK_THAT(body, ContainsText("memleak_node_memory_total_bytes 1024000\n"));
  CHECK_THAT(body, !ContainsText("half 1") && !ContainsText("HELP half"));
  CHECK_THAT(body, ContainsText("memleak_scrape_collector_success{collector=\"half\"} 0\n"));
  CHECK_THAT(body, ContainsText("memleak_scrape_collector_success{collector=\"good\"} 1\n"));
  CHECK_THAT(body, ContainsText("memleak_scrape_collector_success{collector=\"also_good\"} 1\n"));
  CHECK_THAT(body, !ContainsText("collector=\"off\""));
}

TEST_CASE("a request chooses among the enabled collectors") {
  const ProcTree tree;
  Scraper scraper(OptionsFor(tree), kRegistry);
  std::string why;
  CHECK(scraper.Accepts({}, why));
  CHECK(scraper.Accepts({{"good"}, {}}, why));
  CHECK(scraper.Accepts({{}, {"good"}}, why));
  CHECK_FALSE(scraper.Accepts({{"good"}, {"half"}}, why));
  CHECK_THAT(why, ContainsText("together"));
  CHECK_FALSE(scraper.Accepts({{"nonsense"}, {}}, why));
  CHECK_THAT(why, ContainsText("good half also_good") && !ContainsText("nonsense"));
  CHECK_FALSE(scraper.Accepts({{}, {"off"}}, why));

  const std::string only = scraper.Scrape(Format::kText, {{"good"}, {}});
  CHECK_THAT(only, ContainsText("\ngood 1\n"));
  CHECK_THAT(only, !ContainsText("memleak_node_memory"));
  const std::string others = scraper.Scrape(Format::kText, {{}, {"good"}});
  CHECK_THAT(others, !ContainsText("\ngood 1\n"));
  CHECK_THAT(others, ContainsText("memleak_node_memory"));
}

TEST_CASE("flags switch collectors on and off") {
  const ProcTree tree;
  Options options = OptionsFor(tree);
  options.collector.disable_defaults = true;
  options.collector.enabled["off"] = true;
  Scraper scraper(options, kRegistry);
  const std::string body = scraper.Scrape(Format::kText, {});
  CHECK_THAT(body, ContainsText("success{collector=\"off\"} 1"));
  CHECK_THAT(body, !ContainsText("success{collector=\"good\"}"));
}

TEST_CASE("after the start every process that could be named is in its group") {
  ProcTree tree;
  for (int pid = 1; pid <= 20; ++pid) {
    TreeProcess process;
    process.pid = pid;
    tree.Put(process);
  }
  Scraper scraper(OptionsFor(tree));
  CHECK_FALSE(scraper.Ready());
  CHECK(scraper.Healthy());
  scraper.Start();
  CHECK(scraper.Ready());
  const std::string body = scraper.Scrape(Format::kOpenMetrics, {});
  CHECK_THAT(body, ContainsText("memleak_group_processes{group=\"program\"} 20\n"));
  CHECK_THAT(body, ContainsText("memleak_scrape_processes{result=\"exported\"} 20\n"));
  CHECK_THAT(body, Catch::Matchers::EndsWith("# EOF\n"));
}

TEST_CASE("the groups that the start chooses are the largest") {
  ProcTree tree;
  TreeProcess thread;
  thread.pid = 2;
  thread.flags = 0x00208040;
  thread.resident_kib.reset();
  tree.Put(thread);
  for (int pid = 3; pid <= 5; ++pid) {
    TreeProcess process;
    process.pid = pid;
    process.exe = "/bin/p" + std::to_string(pid);
    process.resident_kib = static_cast<uint64_t>(pid) * 1000;
    tree.Put(process);
  }
  Options options = OptionsFor(tree);
  options.group.limit = 2;
  Scraper scraper(options);
  scraper.Start();
  const std::string body = scraper.Scrape(Format::kText, {});
  CHECK_THAT(body, ContainsText("memleak_group_processes{group=\"p4\"} 1\n"));
  CHECK_THAT(body, ContainsText("memleak_group_processes{group=\"p5\"} 1\n"));
  CHECK_THAT(body, ContainsText("memleak_group_processes{group=\"(other)\"} 2\n"));
}

TEST_CASE("a snapshot younger than the minimum interval is served again") {
  ProcTree tree;
  tree.Put({});
  Options options = OptionsFor(tree);
  options.scrape.min_interval = std::chrono::hours(1);
  options.trend.interval = std::chrono::hours(2);
  Scraper scraper(options);
  scraper.Start();
  tree.Write("meminfo", "MemTotal: 7 kB\n");
  CHECK_THAT(scraper.Scrape(Format::kText, {}),
             ContainsText("memleak_node_memory_total_bytes 1024000\n"));
}

TEST_CASE("health fails after three missed refreshes") {
  const ProcTree tree;
  Options options = OptionsFor(tree);
  options.trend.interval = std::chrono::milliseconds(1);
  const Scraper scraper(options);  // not started: nobody refreshes
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (scraper.Healthy() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK_FALSE(scraper.Healthy());

  options.trend.interval = std::chrono::hours(1);
  CHECK(Scraper(options).Healthy());
}

TEST_CASE("the timer refreshes when nobody scrapes") {
  ProcTree tree;
  tree.Put({});
  Options options = OptionsFor(tree);
  options.scrape.min_interval = std::chrono::hours(1);
  options.trend.interval = std::chrono::milliseconds(1);
  Scraper scraper(options);
  scraper.Start();
  tree.Write("meminfo", "MemTotal: 7 kB\n");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool refreshed = false;
  while (!refreshed && std::chrono::steady_clock::now() < end) {
    scraper.Visit([&](const Snapshot& snapshot) {
      refreshed = snapshot.node.meminfo && (*snapshot.node.meminfo)[0] == uint64_t{7} * 1024;
    });
    std::this_thread::yield();
  }
  CHECK(refreshed);
}

TEST_CASE("scrapes from many threads are each whole") {
  ProcTree tree;
  tree.Put({});
  Scraper scraper(OptionsFor(tree));
  scraper.Start();
  std::vector<std::thread> threads;
  std::array<size_t, 4> whole{};
  threads.reserve(whole.size());
  for (size_t& count : whole) {
    threads.emplace_back([&scraper, &count] {
      for (int round = 0; round < 50; ++round) {
        const std::string body = scraper.Scrape(Format::kOpenMetrics, {});
        if (Count(body, "# EOF\n") == 1 && body.ends_with("# EOF\n") &&
            Count(body, "# TYPE memleak_process_threads gauge\n") == 1) {
          ++count;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(whole == std::array<size_t, 4>{50, 50, 50, 50});
}

}  // namespace memleak
