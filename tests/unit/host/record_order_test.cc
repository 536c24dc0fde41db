#include "exporter/host/process/bpf/record_order.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using Pids = std::vector<int32_t>;

// {pid, where it was}
std::vector<std::pair<int32_t, int>> Ordered(const Pids& pids) {
  std::vector<TaskRecord> records;
  records.reserve(pids.size());
  for (const int32_t pid : pids) {
    TaskRecord record{};
    record.pid = pid;
    records.push_back(record);
  }
  // Of the pass before.
  std::vector<const TaskRecord*> ordered(3, nullptr);
  RecordOrder().Put(records, ordered);
  std::vector<std::pair<int32_t, int>> result;
  result.reserve(ordered.size());
  for (const TaskRecord* record : ordered) {
    result.emplace_back(record->pid, static_cast<int>(record - records.data()));
  }
  return result;
}

using Expected = std::vector<std::pair<int32_t, int>>;

TEST_CASE("records in order stay where they are") {
  CHECK(Ordered({}).empty());
  CHECK(Ordered({7}) == Expected{{7, 0}});
  CHECK(Ordered({1, 2, 500}) == Expected{{1, 0}, {2, 1}, {500, 2}});
}

TEST_CASE("pids that begin again are put in order") {
  CHECK(Ordered({1, 900, 950, 300, 301, 20}) ==
        Expected{{1, 0}, {20, 5}, {300, 3}, {301, 4}, {900, 1}, {950, 2}});
}

TEST_CASE("a pid that was taken over in the middle of the walk is its new process") {
  CHECK(Ordered({1, 300, 900, 300}) == Expected{{1, 0}, {300, 3}, {900, 2}});
  CHECK(Ordered({5, 5, 5}) == Expected{{5, 2}});
}

}  // namespace
}  // namespace memleak
