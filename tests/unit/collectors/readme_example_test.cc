#include "collectors/uptime.h"
#include "tests/catch.h"

namespace memleak {

TEST_CASE("the example of collectors/README.md compiles and works") {
  Snapshot snapshot;
  snapshot.time.uptime = 1234.5;
  MetricWriter writer(Format::kText);
  kUptimeCollector.make()->Collect(snapshot, writer);
  CHECK(writer.Finish() ==
        "# HELP memleak_node_uptime_seconds Seconds since the host booted.\n"
        "# TYPE memleak_node_uptime_seconds gauge\n"
        "memleak_node_uptime_seconds 1234.5\n");
}

}  // namespace memleak
