#include "exporter/model/node_rates.h"

#include <unistd.h>

#include "tests/catch.h"

namespace memleak {
namespace {

NodeSample Counters(uint64_t swapped_in, uint64_t waited_microseconds) {
  NodeSample sample;
  sample.vmstat.emplace();
  sample.vmstat->swapped_in_pages = swapped_in;
  sample.vmstat->swapped_out_pages = 3 * swapped_in;
  sample.memory_pressure.emplace();
  sample.memory_pressure->some_microseconds = waited_microseconds;
  return sample;
}

}  // namespace

TEST_CASE("rates are told from the second measurement on, of what is counted") {
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  NodeRateMeter meter(5);
  meter.Add(100, Counters(1000, 0));
  CHECK_FALSE(meter.rates().swap_in);
  meter.Add(110, Counters(1020, 2'500'000));
  CHECK(meter.rates().swap_in == 2 * page);
  CHECK(meter.rates().swap_out == 6 * page);
  CHECK(meter.rates().waiting == 0.25);
  // This kernel does not count it.
  CHECK_FALSE(meter.rates().stalled);
}

TEST_CASE("two looks that follow each other at once measure nothing") {
  NodeRateMeter meter(5);
  meter.Add(100, Counters(0, 0));
  meter.Add(110, Counters(10, 0));
  const auto rate = meter.rates().swap_in;
  meter.Add(114.9, Counters(1'000'000, 0));
  CHECK(meter.rates().swap_in == rate);
  meter.Add(115, Counters(10, 0));
  CHECK(meter.rates().swap_in == 0.0);
}

TEST_CASE("a counter that fell or is gone has no rate, and a share is no more than all") {
  NodeRateMeter meter(5);
  meter.Add(100, Counters(1000, 0));
  meter.Add(110, Counters(10, 10'500'000));
  CHECK_FALSE(meter.rates().swap_in);
  CHECK(meter.rates().waiting == 1.0);
  meter.Add(120, NodeSample());
  CHECK_FALSE(meter.rates().waiting);
  meter.Add(130, Counters(10, 0));
  CHECK_FALSE(meter.rates().waiting);
}

}  // namespace memleak
