#include "exporter/model/group_table.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

ProcessSample Sample(uint64_t footprint, uint64_t start = 100) {
  ProcessSample sample;
  sample.start_ticks = start;
  sample.threads = 2;
  sample.memory.Set(MemoryField::kResident, footprint);
  sample.memory.Set(MemoryField::kAnon, footprint);
  sample.memory.Set(MemoryField::kSwap, 0);
  sample.open_fds = 5;
  return sample;
}

void End(GroupTable& table, double now) {
  table.EndPass(now, [] {});
  table.Choose(now);
}

}  // namespace

TEST_CASE("a group's figures are its members' sums, and tell its siblings apart") {
  GroupTable table(10);
  table.BeginPass();
  Group& group = table.Find("web");
  table.Add(group, Sample(1842, 50), nullptr, 0);
  table.Add(group, Sample(412, 70), nullptr, 0);
  table.Add(group, Sample(408, 60), nullptr, 0);
  End(table, 0);
  CHECK(group.sums.processes == 3);
  CHECK(group.sums.threads == 6);
  CHECK(group.sums.Footprint() == 2662u);
  CHECK(group.sums.OpenFds() == 15u);
  CHECK(group.sums.oldest_start_ticks == 50u);
  CHECK(group.largest_footprint == 1842);
  CHECK(group.largest_start_ticks == 50);
  CHECK(group.median_footprint == 412);
  CHECK(group.labels == "group=\"web\"");
}

TEST_CASE("the median of an even number lies between the middle two") {
  GroupTable table(10);
  table.BeginPass();
  Group& other = table.Find("other");
  Group& group = table.Find("web");
  for (const uint64_t size : {40u, 10u, 30u, 20u}) {
    table.Add(group, Sample(size), nullptr, 0);
    table.Add(other, Sample(7), nullptr, 0);
  }
  End(table, 0);
  CHECK(group.median_footprint == 25);
  CHECK(other.median_footprint == 7);
}

TEST_CASE("what is unknown of all members is unknown of the group") {
  GroupTable table(10);
  table.BeginPass();
  Group& group = table.Find("(kernel)");
  ProcessSample sample;
  sample.threads = 1;
  table.Add(group, sample, nullptr, 0);
  End(table, 0);
  CHECK(group.sums.processes == 1);
  CHECK_FALSE(group.sums.Memory(MemoryField::kResident));
  CHECK_FALSE(group.sums.Footprint());
  CHECK_FALSE(group.sums.OpenFds());
}

TEST_CASE("a group stays for a day after its last member") {
  GroupTable table(10);
  table.BeginPass();
  table.Add(table.Find("job"), Sample(1), nullptr, 1000);
  table.Find("job").cpu_ticks = 77;
  End(table, 1000);
  table.BeginPass();
  End(table, 1000 + GroupTable::kDeadSeconds - 1);
  REQUIRE(table.exported().size() == 1);
  CHECK(table.exported()[0]->cpu_ticks == 77);
  CHECK(table.exported()[0]->sums.processes == 0);
  CHECK_FALSE(table.exported()[0]->sums.Footprint());
  table.BeginPass();
  End(table, 1000 + GroupTable::kDeadSeconds);
  CHECK(table.exported().empty());
  CHECK(table.size() == 0);
}

TEST_CASE("groups beyond the limit appear together") {
  GroupTable table(2);
  table.BeginPass();
  for (int i = 1; i <= 5; ++i) {
    table.Add(table.Find("g" + std::to_string(i)), Sample(static_cast<uint64_t>(i) * 100), nullptr,
              0);
  }
  End(table, 0);
  REQUIRE(table.exported().size() == 2);
  CHECK(table.exported()[0]->name == "g4");
  CHECK(table.exported()[1]->name == "g5");
  REQUIRE(table.other());
  CHECK(table.other()->processes == 3);
  CHECK(table.other()->Footprint() == 600u);
}

TEST_CASE("of more than 2,000 groups the dead and then the smallest are forgotten") {
  GroupTable table(10);
  table.BeginPass();
  table.Add(table.Find("dead"), Sample(1'000'000), nullptr, 0);
  End(table, 0);
  table.BeginPass();
  for (size_t i = 0; i < GroupTable::kMaxGroups + 5; ++i) {
    table.Add(table.Find("g" + std::to_string(i)), Sample(1000 + i), nullptr, 1);
  }
  bool told = false;
  table.EndPass(1, [&] {
    told = true;
    CHECK(table.Find("dead").evicted);
    for (int i = 0; i < 5; ++i) CHECK(table.Find("g" + std::to_string(i)).evicted);
    CHECK_FALSE(table.Find("g5").evicted);
  });
  table.Choose(1);
  CHECK(told);
  CHECK(table.size() == GroupTable::kMaxGroups);
  // The members of the five are still counted, together.
  REQUIRE(table.other());
  CHECK(table.other()->processes == GroupTable::kMaxGroups + 5 - 10);
}

}  // namespace memleak
