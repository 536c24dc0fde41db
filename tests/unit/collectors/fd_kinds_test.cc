#include "collectors/fd_kinds.h"

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
  MakeFdKindsCollector()->Collect(shown.MakeSnapshot(), writer);
  return std::string(writer.Finish());
}

}  // namespace

TEST_CASE("every kind of descriptor is told of a suspect, those of which it has none, too") {
  ShownProcesses shown;
  FdKinds& fds = shown.AddWith(7, &Evidence::fds);
  fds.counts = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0};
  shown.Add(8);
  const std::string body = Collect(shown);
  CHECK(body.substr(body.find("\nmemleak_process_fds{") + 1) ==
        R"(memleak_process_fds{pid="7",comm="a\"b",group="g",kind="socket"} 1
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="pipe"} 2
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="regular"} 3
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="deleted"} 4
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="eventfd"} 5
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="eventpoll"} 6
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="timerfd"} 7
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="inotify"} 8
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="memfd"} 9
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="device"} 10
memleak_process_fds{pid="7",comm="a\"b",group="g",kind="other"} 0
)");
  CHECK_THAT(body, ContainsText("Suspects only"));
}

TEST_CASE("what is beyond the cap is a kind of its own, where there is any") {
  ShownProcesses shown;
  shown.AddWith(7, &Evidence::fds).uncounted = 12;
  shown.AddWith(9, &Evidence::fds);
  const std::string body = Collect(shown);
  CHECK_THAT(
      body, ContainsText(R"(memleak_process_fds{pid="7",comm="a\"b",group="g",kind="uncounted"} 12)"
                         "\n"));
  CHECK(body.find("kind=\"uncounted\"") == body.rfind("kind=\"uncounted\""));
}

TEST_CASE("descriptors that may not be shown any more leave no trace") {
  ShownProcesses shown;
  shown.AddWith(7, &Evidence::fds);
  shown.owned[0]->evidence->fds.shown = false;
  shown.Add(8).evidence = std::make_unique<Evidence>();
  CHECK(Collect(shown).empty());
}

TEST_CASE("the descriptors of suspects are written without allocating") {
  ShownProcesses shown;
  for (int pid = 1; pid <= 50; ++pid) shown.AddWith(pid, &Evidence::fds).uncounted = 1;
  const Snapshot snapshot = shown.MakeSnapshot();
  const auto collector = MakeFdKindsCollector();
  MetricWriter writer(Format::kText);
  const auto collect = [&] {
    writer.Reset(Format::kText);
    collector->Collect(snapshot, writer);
    return writer.samples();
  };
  REQUIRE(collect() == 50 * (kFdKinds + 1));
  const size_t before = AllocationsOfThisThread();
  collect();
  const size_t more = AllocationsOfThisThread() - before;
  CHECK(more == 0);
}

}  // namespace memleak
