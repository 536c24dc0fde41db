#include "collectors/mappings.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/collectors/shown_processes.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

std::string Collect(const ShownProcesses& shown) {
  MetricWriter writer(Format::kText);
  MakeMappingsCollector()->Collect(shown.MakeSnapshot(), writer);
  return std::string(writer.Finish());
}

// The sample lines, without HELP and TYPE.
std::string SamplesOf(const std::string& body) {
  std::string samples;
  for (size_t at = 0; at < body.size();) {
    const size_t end = body.find('\n', at);
    if (body[at] != '#') samples += body.substr(at, end - at + 1);
    at = end + 1;
  }
  return samples;
}

}  // namespace

TEST_CASE("what suspects hold is told by kind, and their share") {
  ShownProcesses shown;
  Mappings& first = shown.AddWith(7, &Evidence::mappings);
  first.resident = {1, 2, 3, 4, 0, 6};
  first.swapped = {100, 100, 100, 100, 100, 100};
  first.proportional = uint64_t{1} << 40;
  shown.Add(8);
  shown.AddWith(9, &Evidence::mappings).proportional = 5;
  CHECK(SamplesOf(Collect(shown)) ==
        R"(memleak_process_mapped_memory_bytes{pid="7",comm="a\"b",group="g",mapping="heap"} 1
memleak_process_mapped_memory_bytes{pid="7",comm="a\"b",group="g",mapping="anonymous"} 2
memleak_process_mapped_memory_bytes{pid="7",comm="a\"b",group="g",mapping="stack"} 3
memleak_process_mapped_memory_bytes{pid="7",comm="a\"b",group="g",mapping="file"} 4
memleak_process_mapped_memory_bytes{pid="7",comm="a\"b",group="g",mapping="shared"} 0
memleak_process_mapped_memory_bytes{pid="7",comm="a\"b",group="g",mapping="other"} 6
memleak_process_mapped_memory_bytes{pid="9",comm="a\"b",group="g",mapping="heap"} 0
memleak_process_mapped_memory_bytes{pid="9",comm="a\"b",group="g",mapping="anonymous"} 0
memleak_process_mapped_memory_bytes{pid="9",comm="a\"b",group="g",mapping="stack"} 0
memleak_process_mapped_memory_bytes{pid="9",comm="a\"b",group="g",mapping="file"} 0
memleak_process_mapped_memory_bytes{pid="9",comm="a\"b",group="g",mapping="shared"} 0
memleak_process_mapped_memory_bytes{pid="9",comm="a\"b",group="g",mapping="other"} 0
memleak_process_proportional_memory_bytes{pid="7",comm="a\"b",group="g"} 1099511627776
memleak_process_proportional_memory_bytes{pid="9",comm="a\"b",group="g"} 5
)");
}

TEST_CASE("what was read of a process and may not be shown any more leaves no trace") {
  ShownProcesses shown;
  shown.AddWith(7, &Evidence::mappings);
  shown.owned[0]->evidence->mappings.shown = false;
  shown.Add(8).evidence = std::make_unique<Evidence>();
  CHECK(Collect(shown).empty());
}

TEST_CASE("the mappings of suspects are written without allocating") {
  ShownProcesses shown;
  for (int pid = 1; pid <= 50; ++pid) shown.AddWith(pid, &Evidence::mappings).resident[0] = 4096;
  const Snapshot snapshot = shown.MakeSnapshot();
  const auto collector = MakeMappingsCollector();
  MetricWriter writer(Format::kText);
  const auto collect = [&] {
    writer.Reset(Format::kText);
    collector->Collect(snapshot, writer);
    return writer.samples();
  };
  REQUIRE(collect() == 50 * 7);
  const size_t before = AllocationsOfThisThread();
  collect();
  const size_t more = AllocationsOfThisThread() - before;
  CHECK(more == 0);
}

}  // namespace memleak
