#include "exporter/trend/evidence_reasons.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = 1 << 20;

struct Held {
  uint64_t heap = 0;
  uint64_t anonymous = 0;
  uint64_t shared = 0;
  uint64_t swapped_heap = 0;
};

Mappings Of(const Held& held) {
  Mappings mappings;
  const auto at = [](MappingKind kind) { return static_cast<size_t>(kind); };
  mappings.resident[at(MappingKind::kHeap)] = held.heap * kMiB;
  mappings.resident[at(MappingKind::kAnonymous)] = held.anonymous * kMiB;
  mappings.resident[at(MappingKind::kShared)] = held.shared * kMiB;
  mappings.swapped[at(MappingKind::kHeap)] = held.swapped_heap * kMiB;
  return mappings;
}

FdKinds Descriptors(uint64_t sockets, uint64_t files, uint64_t uncounted = 0) {
  FdKinds kinds;
  kinds.counts[static_cast<size_t>(FdKind::kSocket)] = sockets;
  kinds.counts[static_cast<size_t>(FdKind::kRegular)] = files;
  kinds.uncounted = uncounted;
  return kinds;
}

template <typename Value>
Observed<Value> Read(const Value& first, const Value& last) {
  Observed<Value> observed;
  observed.Take(first, 1'000);
  observed.Take(last, 8'200);
  return observed;
}

TEST_CASE("which kind of memory grew since it is being looked at, swapped or not") {
  CHECK(MappingsReason(Read(Of({.heap = 20, .anonymous = 100}),
                            Of({.heap = 230, .anonymous = 110, .swapped_heap = 100}))) ==
        "heap grew by 310 MiB of 320 MiB in 2.00 h");
  CHECK(MappingsReason(Read(Of({.heap = 20}), Of({.heap = 10, .anonymous = 60}))) ==
        "anonymous mappings grew by 60 MiB of 60 MiB in 2.00 h");
}

TEST_CASE("what holds most of the memory, while nothing grew since it is being looked at") {
  Observed<Mappings> once;
  once.Take(Of({.heap = 310, .anonymous = 10}), 1'000);
  CHECK(MappingsReason(once) == "heap holds 310 MiB of 320 MiB");
  CHECK(MappingsReason(Read(Of({.shared = 300}), Of({.shared = 300}))) ==
        "shared memory holds 300 MiB of 300 MiB");
  CHECK(MappingsReason(Read(Of({.anonymous = 300}), Of({.anonymous = 200}))) ==
        "anonymous mappings hold 200 MiB of 200 MiB");
}

TEST_CASE("nothing is said of memory that was not read") {
  CHECK(MappingsReason({}).empty());
  CHECK(MappingsReason(Read(Mappings{}, Mappings{})).empty());
}

TEST_CASE("which descriptors grew, and which are the most while none did") {
  CHECK(FdKindsReason(Read(Descriptors(40, 12), Descriptors(3'900, 14))) ==
        "sockets 40 -> 3,900 in 2.00 h");
  CHECK(FdKindsReason(Read(Descriptors(40, 12), Descriptors(41, 400))) ==
        "files 12 -> 400 in 2.00 h");
  CHECK(FdKindsReason(Read(Descriptors(40, 12), Descriptors(41, 12))) ==
        "41 of 53 descriptors are sockets");
  CHECK(FdKindsReason({}).empty());
  CHECK(FdKindsReason(Read(FdKinds{}, FdKinds{})).empty());
}

TEST_CASE("where only the newest descriptors are told, their growth is not made up") {
  CHECK(FdKindsReason(Read(Descriptors(40, 12), Descriptors(8'000, 192, 5'000))) ==
        "8,000 of the newest 8,192 descriptors are sockets");
}

TEST_CASE("the evidence that bears on what is suspected") {
  Evidence evidence;
  evidence.mappings = Read(Of({.heap = 20}), Of({.heap = 330}));
  evidence.fds = Read(Descriptors(40, 0), Descriptors(3'900, 0));
  using Sentences = std::vector<std::string>;
  const Sentences memory = {"heap grew by 310 MiB of 310 MiB in 2.00 h"};
  const Sentences descriptors = {"sockets 40 -> 3,900 in 2.00 h"};
  CHECK(EvidenceReasons(evidence, {}, true, false) == memory);
  CHECK(EvidenceReasons(evidence, {}, false, true) == descriptors);
  CHECK(EvidenceReasons(evidence, {}, true, true) == Sentences{memory[0], descriptors[0]});
  CHECK(EvidenceReasons({}, {}, true, true).empty());
}

TEST_CASE("of a JVM's process that grows while its heap does not, native memory is named") {
  JvmHeap heap;
  heap.old_used = 40 * kMiB;
  heap.old_capacity = 100 * kMiB;
  Evidence evidence;
  evidence.jvm.Add(heap, 1'000);
  evidence.footprint_before = 200 * kMiB;
  evidence.jvm.Add(heap, 8'200);
  using Sentences = std::vector<std::string>;
  CHECK(EvidenceReasons(evidence, 400 * kMiB, true, false) ==
        Sentences{"heap stays: what grows is native memory (footprint +200 MiB, heap +0 B)"});
  CHECK(EvidenceReasons(evidence, 400 * kMiB, false, true).empty());
  CHECK(EvidenceReasons(evidence, std::nullopt, true, false).empty());
}

}  // namespace
}  // namespace memleak
