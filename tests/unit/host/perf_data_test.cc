#include "exporter/host/evidence/perf_data.h"

#include <memory>
#include <string>
#include <string_view>

#include "tests/catch.h"
#include "tests/unit/host/perf_data_writer.h"

namespace memleak {
namespace {

using Unit = PerfData::Unit;

constexpr size_t kFirstEntry = PerfDataWriter::kPrologueSize;

PerfDataWriter Ordinary(bool little_endian = true) {
  PerfDataWriter writer(little_endian);
  writer.Bytes("sun.gc.metaspace.used", 0x0102030405060708);
  writer.Text("sun.gc.policy.name", "Copy:MSC");
  writer.Events("sun.gc.collector.0.invocations", 7);
  return writer;
}

}  // namespace

TEST_CASE("counters are found by name in either byte order") {
  for (const bool little_endian : {true, false}) {
    INFO(little_endian);
    const std::string file = Ordinary(little_endian).File();
    const auto data = PerfData::Parse(file);
    REQUIRE(data);
    CHECK(data->Number("sun.gc.metaspace.used", Unit::kBytes) == 0x0102030405060708U);
    CHECK(data->Number("sun.gc.collector.0.invocations", Unit::kEvents) == 7U);
    CHECK(data->Text("sun.gc.policy.name") == "Copy:MSC");
    CHECK_FALSE(data->Number("sun.gc.metaspace", Unit::kBytes));
    CHECK_FALSE(data->Text("sun.gc.metaspace.use"));
  }
}

TEST_CASE("a file at an odd address is read as any other") {
  const std::string file = "x" + Ordinary().File();
  std::string_view odd = file;
  odd.remove_prefix(1);
  const auto data = PerfData::Parse(odd);
  REQUIRE(data);
  CHECK(data->Number("sun.gc.collector.0.invocations", Unit::kEvents) == 7U);
}

TEST_CASE("a counter of another type, unit or shape is none") {
  PerfDataWriter writer;
  writer.Number("ticks", 5, 3);
  writer.Number("double", 5, 2, 'D');
  writer.Number("vector", 5, 2, 'J', 1);
  writer.Number("undefined", -1, 2);
  writer.Number("letters", 5, 5, 'B', 8);
  const std::string file = writer.File();
  const auto data = PerfData::Parse(file);
  REQUIRE(data);
  for (const char* name : {"ticks", "double", "vector", "undefined", "letters"}) {
    INFO(name);
    CHECK_FALSE(data->Number(name, Unit::kBytes));
  }
  CHECK_FALSE(data->Text("ticks"));
  CHECK(data->Text("letters") == std::string_view("\5", 1));
}

TEST_CASE("types that came later are passed over") {
  PerfDataWriter writer;
  writer.Entry("new", "????", 9, '?', 1'000'000);
  writer.Bytes("old", 5);
  const std::string file = writer.File();
  REQUIRE(PerfData::Parse(file));
  CHECK(PerfData::Parse(file)->Number("old", Unit::kBytes) == 5U);
}

TEST_CASE("a file without entries is one of a JVM that says nothing") {
  const std::string file = PerfDataWriter().File(0);
  REQUIRE(PerfData::Parse(file));
  CHECK_FALSE(PerfData::Parse(file)->Number("sun.gc.metaspace.used", Unit::kBytes));
}

TEST_CASE("a file that is cut anywhere is refused, and nothing behind it is read") {
  const std::string file = Ordinary().File(0);
  REQUIRE(PerfData::Parse(file));
  for (size_t size = 0; size < file.size(); ++size) {
    // A copy of just that size: the address sanitizer watches its end.
    const auto bytes = std::make_unique<char[]>(size);
    file.copy(bytes.get(), size);
    CHECK_FALSE(PerfData::Parse({bytes.get(), size}));
  }
}

TEST_CASE("what is foreign, of another version or being written is refused") {
  const std::string file = Ordinary().File();
  const auto with = [&](size_t at, char byte) { return std::string(file).replace(at, 1, 1, byte); };
  CHECK(PerfData::Parse(with(6, 9)));          // minor version: more units
  CHECK_FALSE(PerfData::Parse(with(0, 'x')));  // magic
  CHECK_FALSE(PerfData::Parse(with(3, 'x')));
  CHECK_FALSE(PerfData::Parse(with(4, 2)));  // byte order
  CHECK_FALSE(PerfData::Parse(with(4, 0)));  // the other one: every number is absurd
  CHECK_FALSE(PerfData::Parse(with(5, 1)));  // major version
  CHECK_FALSE(PerfData::Parse(with(5, 3)));
  CHECK_FALSE(PerfData::Parse(with(7, 0)));  // accessible
  CHECK_FALSE(PerfData::Parse(std::string(32768, '\0')));
}

TEST_CASE("no offset leads out of the file") {
  const PerfDataWriter writer = Ordinary();
  const std::string file = writer.File();
  struct Wrong {
    const char* what;
    size_t at;
    uint64_t value;
  };
  const Wrong wrong[] = {
      {"used beyond the end", 8, file.size() + 1},
      {"used negative", 8, 0xffffffff},
      {"used before the last entry", 8, file.size() - 100},
      {"used within the prologue", 8, 8},
      {"entries within the prologue", 24, 28},
      {"entries beyond used", 24, file.size()},
      {"entries beyond everything", 24, 0x7ffffff0},
      {"more entries than there are", 28, 4},
      {"entries without number", 28, 0xffffffff},
      {"entry of no length", kFirstEntry, 0},
      {"entry shorter than its head", kFirstEntry, 19},
      {"entry longer than the file", kFirstEntry, 0x7fffffff},
      {"entry of negative length", kFirstEntry, 0xfffffff0},
      {"name within the head", kFirstEntry + 4, 4},
      {"name beyond the entry", kFirstEntry + 4, 56},
      {"name far away", kFirstEntry + 4, 0xfffffff0},
      {"value within the head", kFirstEntry + 16, 16},
      {"value that ends beyond the entry", kFirstEntry + 16, 49},
      {"value far away", kFirstEntry + 16, 0xfffffff8},
      {"elements beyond the entry", kFirstEntry + 8, 2},
      {"elements without number", kFirstEntry + 8, 0xffffffff},
  };
  for (const Wrong& each : wrong) {
    INFO(each.what);
    CHECK_FALSE(PerfData::Parse(writer.FileWith(each.at, each.value)));
  }
}

TEST_CASE("a name that does not end within its entry is refused") {
  PerfDataWriter writer;
  writer.Entry("", "", 2, '?', 0);
  std::string file = writer.File(0);
  // An entry of a head and four bytes of a name.
  file.replace(PerfDataWriter::kPrologueSize + 20, 4, "name");
  CHECK_FALSE(PerfData::Parse(file));
}

}  // namespace memleak
