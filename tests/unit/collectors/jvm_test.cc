#include "collectors/jvm.h"

#include <memory>
#include <string>
#include <vector>

#include "exporter/model/evidence/evidence.h"
#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

struct Shown {
  Process& Add(int pid) {
    Process& process = *owned.emplace_back(std::make_unique<Process>());
    process.labels = "pid=\"" + std::to_string(pid) + "\",comm=\"java\"";
    exported.push_back(&process);
    return process;
  }
  JvmHistory& AddJvm(int pid, const JvmHeap& heap) {
    Process& process = Add(pid);
    process.evidence = std::make_unique<Evidence>();
    process.evidence->jvm.Add(heap, 10);
    process.evidence->jvm.heap.shown = true;
    return process.evidence->jvm;
  }
  std::string_view Collect(Collector& collector, MetricWriter& writer) const {
    Snapshot snapshot;
    snapshot.processes_listed = true;
    snapshot.exported = &exported;
    writer.Reset(Format::kText);
    collector.Collect(snapshot, writer);
    return writer.Finish();
  }
  // Without the lines of HELP and TYPE.
  std::string Samples() const {
    MetricWriter writer(Format::kText);
    const std::string text(Collect(*MakeJvmCollector(), writer));
    std::string samples;
    for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      if (text[begin] != '#') samples += text.substr(begin, end + 1 - begin);
    }
    return samples;
  }

  std::vector<std::unique_ptr<Process>> owned;
  std::vector<const Process*> exported;
};

JvmHeap Everything() {
  JvmHeap heap;
  heap.old_used = 1;
  heap.old_capacity = 2;
  heap.old_max = 3;
  heap.young_capacity = 4;
  heap.metaspace_used = 5;
  heap.metaspace_capacity = 6;
  heap.young_collections = 7;
  heap.full_collections = 8;
  heap.concurrent_collections = 9;
  return heap;
}

}  // namespace

TEST_CASE("a JVM's heap, metaspace and collections are shown") {
  Shown shown;
  JvmHistory& history = shown.AddJvm(7, Everything());
  shown.Add(8);
  CHECK(shown.Samples() ==
        R"(memleak_jvm_old_generation_used_bytes{pid="7",comm="java"} 1
memleak_jvm_old_generation_capacity_bytes{pid="7",comm="java"} 2
memleak_jvm_old_generation_max_bytes{pid="7",comm="java"} 3
memleak_jvm_metaspace_used_bytes{pid="7",comm="java"} 5
memleak_jvm_metaspace_capacity_bytes{pid="7",comm="java"} 6
memleak_jvm_collections_total{pid="7",comm="java",collection="young"} 7
memleak_jvm_collections_total{pid="7",comm="java",collection="full"} 8
memleak_jvm_collections_total{pid="7",comm="java",collection="concurrent"} 9
)");

  JvmHeap later = Everything();
  later.full_collections = 9;
  later.old_used = 0;
  history.Add(later, 20);
  CHECK_THAT(shown.Samples(),
             ContainsText("\nmemleak_jvm_old_generation_after_full_collection_bytes{pid=\"7\","
                          "comm=\"java\"} 0\n"));
}

TEST_CASE("what a JVM does not publish is absent") {
  Shown shown;
  JvmHeap heap;
  heap.old_used = 0;
  heap.concurrent_collections = 0;
  shown.AddJvm(7, heap);
  shown.AddJvm(8, {});
  CHECK(shown.Samples() ==
        R"(memleak_jvm_old_generation_used_bytes{pid="7",comm="java"} 0
memleak_jvm_collections_total{pid="7",comm="java",collection="concurrent"} 0
)");
}

TEST_CASE("what was read too long ago is not shown") {
  Shown shown;
  shown.AddJvm(7, Everything()).heap.shown = false;
  CHECK(shown.Samples().empty());
}

TEST_CASE("where processes cannot be listed the collector fails") {
  MetricWriter writer(Format::kText);
  CHECK_THROWS(MakeJvmCollector()->Collect(Snapshot(), writer));
}

TEST_CASE("a second scrape of JVMs allocates nothing") {
  Shown shown;
  for (int pid = 1; pid <= 50; ++pid) shown.AddJvm(pid, Everything());
  const auto collector = MakeJvmCollector();
  MetricWriter writer(Format::kText);
  REQUIRE_FALSE(shown.Collect(*collector, writer).empty());
  const size_t before = AllocationsOfThisThread();
  shown.Collect(*collector, writer);
  const size_t more = AllocationsOfThisThread() - before;
  CHECK(more == 0);
}

}  // namespace memleak
