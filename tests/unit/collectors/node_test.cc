#include <string>
#include <vector>

#include "collectors/buddyinfo.h"
#include "collectors/pressure.h"
#include "collectors/process_count.h"
#include "collectors/slab.h"
#include "tests/catch.h"

namespace memleak {
namespace {

std::string Collected(Collector& collector, const Snapshot& snapshot) {
  MetricWriter writer(Format::kText);
  collector.Collect(snapshot, writer);
  return std::string(writer.Finish());
}

// Which caches are shown, in their order, one letter each.
std::string ShownCaches(Collector& collector, const Snapshot& snapshot) {
  const std::string text = Collected(collector, snapshot);
  constexpr std::string_view kBegin = "cache=\"";
  std::string names;
  for (size_t at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at + 1)) {
    names += text[at + kBegin.size()];
  }
  return names;
}

}  // namespace

TEST_CASE("where the kernel measures no pressure there are no series and no failure") {
  Snapshot snapshot;
  snapshot.node.memory_pressure.emplace();
  CHECK(Collected(*MakePressureCollector(), snapshot).empty());
}

TEST_CASE("a zone that takes the place of another one gets its own labels") {
  const auto collector = MakeBuddyinfoCollector();
  Snapshot snapshot;
  snapshot.node.buddyinfo = ParseBuddyInfo("Node 0, zone DMA 1 2\nNode 0, zone Normal 3\n");
  CHECK_THAT(Collected(*collector, snapshot),
             ContainsText("{numa_node=\"0\",zone=\"DMA\",order=\"1\"} 2\n") &&
                 ContainsText("{numa_node=\"0\",zone=\"Normal\",order=\"0\"} 3\n"));
  snapshot.node.buddyinfo = ParseBuddyInfo("Node 0, zone Normal 3\nNode 1, zone Normal 5\n");
  const std::string text = Collected(*collector, snapshot);
  CHECK_THAT(text, !ContainsText("DMA"));
  CHECK_THAT(text, ContainsText("{numa_node=\"0\",zone=\"Normal\",order=\"0\"} 3\n") &&
                       ContainsText("{numa_node=\"1\",zone=\"Normal\",order=\"0\"} 5\n"));
}

TEST_CASE("the ten largest caches that cannot be given back are shown") {
  std::vector<SlabCache> caches;
  for (char name = 'a'; name <= 'n'; ++name) {
    caches.push_back({std::string(1, name), name == 'n', static_cast<uint64_t>(name)});
  }
  caches.push_back({"zero", false, 0});
  Snapshot snapshot;
  snapshot.node.slab_caches = &caches;
  CHECK(ShownCaches(*MakeSlabCollector(), snapshot) == "defghijklm");
  caches.resize(2);
  CHECK(ShownCaches(*MakeSlabCollector(), snapshot) == "ab");
  caches.clear();
  CHECK(ShownCaches(*MakeSlabCollector(), snapshot).empty());
}

TEST_CASE("a cache leaves only when another one was larger for five minutes") {
  std::vector<SlabCache> caches;
  for (char name = 'a'; name <= 'k'; ++name) caches.push_back({std::string(1, name), false, 1000});
  caches[0].bytes = 900;
  Snapshot snapshot;
  snapshot.node.slab_caches = &caches;
  const auto collector = MakeSlabCollector();
  CHECK(ShownCaches(*collector, snapshot) == "bcdefghijk");
  caches[0].bytes = 2000;
  snapshot.time.monotonic = 60;
  CHECK(ShownCaches(*collector, snapshot) == "bcdefghijk");
  // Meanwhile the kernel made another cache, which moves all others by one.
  caches.insert(caches.begin(), {"new", false, 1});
  snapshot.time.monotonic = 200;
  CHECK(ShownCaches(*collector, snapshot) == "bcdefghijk");
  snapshot.time.monotonic = 361;
  const std::string later = ShownCaches(*collector, snapshot);
  CHECK(later.size() == 10);
  CHECK(later[0] == 'a');
}

TEST_CASE("processes are all that were listed but the ended ones") {
  Snapshot snapshot;
  snapshot.processes_listed = true;
  snapshot.counts = {.exported = 1,
                     .grouped = 20,
                     .pending = 300,
                     .gone = 4000,
                     .denied = 50000,
                     .malformed = 600000};
  snapshot.node.threads = 7;
  const auto collector = MakeProcessCountCollector();
  const std::string unknown = Collected(*collector, snapshot);
  CHECK_THAT(unknown, ContainsText("\nmemleak_node_processes 650321\n"));
  CHECK_THAT(unknown, ContainsText("\nmemleak_node_threads 7\n"));
  CHECK_THAT(unknown, !ContainsText("memleak_node_processes_hidden{") &&
                          !ContainsText("\nmemleak_node_processes_hidden "));
  snapshot.node.processes_hidden = true;
  CHECK_THAT(Collected(*collector, snapshot), ContainsText("\nmemleak_node_processes_hidden 1\n"));
  snapshot.node.processes_hidden = false;
  CHECK_THAT(Collected(*collector, snapshot), ContainsText("\nmemleak_node_processes_hidden 0\n"));
}

}  // namespace memleak
