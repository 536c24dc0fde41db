#include "exporter/host/evidence/jvm_heap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/host/perf_data_writer.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

const std::string kFixtures = MEMLEAK_FIXTURES "/hsperfdata/";

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

JvmHeap Fixture(const std::string& name) {
  const auto heap = ParseJvmHeap(ReadAll(kFixtures + name));
  REQUIRE(heap);
  return *heap;
}

// What jstat said of a fixture, by column; what it prints as "-" is missing.
std::map<std::string, double> JstatOf(const std::string& name) {
  std::istringstream text(ReadAll(kFixtures + name + ".jstat"));
  std::map<std::string, double> columns;
  std::string line;
  std::getline(text, line);  // the version
  for (std::string header; std::getline(text, header) && std::getline(text, line);) {
    std::istringstream names(header);
    std::istringstream values(line);
    for (std::string column, value; names >> column && values >> value;) {
      if (value != "-") columns[column] = std::stod(value);
    }
  }
  return columns;
}

std::optional<double> Column(const std::map<std::string, double>& columns, const char* name) {
  const auto found = columns.find(name);
  return found == columns.end() ? std::nullopt : std::optional(found->second);
}

// As jstat prints: KiB with one digit.
void CheckKib(std::optional<uint64_t> bytes, std::optional<double> kib) {
  REQUIRE(bytes.has_value() == kib.has_value());
  if (bytes) CHECK(std::abs(static_cast<double>(*bytes) / 1024 - *kib) <= 0.051);
}

void CheckPercent(std::optional<uint64_t> used, std::optional<uint64_t> of,
                  std::optional<double> percent) {
  REQUIRE(used);
  REQUIRE(of);
  REQUIRE(percent);
  const double share = static_cast<double>(*used) / static_cast<double>(*of);
  CHECK(std::abs(share * 100 - *percent) <= 0.0051);
}

void CheckCount(std::optional<uint64_t> count, std::optional<double> printed) {
  REQUIRE(count.has_value() == printed.has_value());
  if (count) CHECK(static_cast<double>(*count) == *printed);
}

// A process's folder below a temporary proc, its root and a JVM's file in it.
class FakeJvm {
 public:
  explicit FakeJvm(const std::string& pids = "Pid:\t4711\nNSpid:\t4711\t7\n",
                   uint32_t uid = geteuid()) {
    tree_.MakeFolder("4711/root/tmp");
    const std::string id = std::to_string(uid);
    tree_.Write("4711/status", "Name:\tjava\n" + pids + "Uid:\t1\t" + id + "\t1\t1\nGid:\t0\n");
  }

  static std::string File() {
    PerfDataWriter writer;
    writer.Bytes("sun.gc.generation.1.space.0.used", 4096);
    return writer.File();
  }

  EvidenceResult Read() {
    const UniqueFd process(open((tree_.path() + "/4711").c_str(), O_PATH | O_DIRECTORY));
    heap = {};
    return ReadJvmHeap(process.get(), heap);
  }
  std::string Path(const std::string& name) { return tree_.path() + "/4711/root/tmp/" + name; }
  TemporaryTree& tree() { return tree_; }
  void Write(const std::string& name, std::string_view bytes = File()) {
    tree_.Write("4711/root/tmp/" + name, bytes);
  }

  JvmHeap heap;

 private:
  TemporaryTree tree_;
};

}  // namespace

TEST_CASE("real files say what jstat said at that moment") {
  const auto name =
      GENERATE(as<std::string>(), "8-parallel", "8-cms", "11-cms", "11-g1", "17-serial", "17-z",
               "17-shenandoah", "21-g1", "21-z-generational", "25-parallel");
  INFO(name);
  const JvmHeap heap = Fixture(name);
  const auto jstat = JstatOf(name);
  CheckKib(heap.old_used, Column(jstat, "OU"));
  CheckKib(heap.old_capacity, Column(jstat, "OC"));
  CheckKib(heap.old_max, Column(jstat, "OGCMX"));
  CheckKib(heap.young_capacity, Column(jstat, "NGC"));
  CheckKib(heap.metaspace_used, Column(jstat, "MU"));
  CheckKib(heap.metaspace_capacity, Column(jstat, "MC"));
  CheckPercent(heap.old_used, heap.old_capacity, Column(jstat, "O"));
  CheckPercent(heap.metaspace_used, heap.metaspace_capacity, Column(jstat, "M"));
  CheckCount(heap.young_collections, Column(jstat, "YGC"));
  const bool pauses_as_full = name == "8-cms" || name == "17-shenandoah";
  CheckCount(pauses_as_full ? heap.concurrent_collections : heap.full_collections,
             Column(jstat, "FGC"));
  if (pauses_as_full) {
    CHECK_FALSE(heap.full_collections);
  } else {
    CheckCount(heap.concurrent_collections, Column(jstat, "CGC"));
  }
}

TEST_CASE("what a collector does not publish is absent") {
  const JvmHeap z = Fixture("17-z");
  CHECK_FALSE(z.young_capacity);
  CHECK_FALSE(z.young_collections);
  CHECK_FALSE(z.full_collections);
  CHECK(z.concurrent_collections > 0U);
  // CGC came with Java 11.
  CHECK_FALSE(Fixture("8-parallel").concurrent_collections);
  CHECK(Fixture("8-parallel").full_collections == 2U);
  CHECK(Fixture("11-cms").full_collections == 0U);
}

TEST_CASE("a JVM's file is found by the pid of its own namespace, whatever its user is called") {
  FakeJvm jvm;
  jvm.tree().MakeFolder("4711/root/tmp/hsperfdata_somebody");
  jvm.Write("unrelated");
  jvm.Write("hsperfdata_app/7");
  REQUIRE(jvm.Read() == EvidenceResult::kOk);
  CHECK(jvm.heap.old_used == 4096U);
  CHECK_FALSE(jvm.heap.old_capacity);
}

TEST_CASE("before Linux 4.1 a process has one pid") {
  FakeJvm jvm("Pid:\t4711\n");
  jvm.Write("hsperfdata_app/4711");
  CHECK(jvm.Read() == EvidenceResult::kOk);
}

TEST_CASE("a JVM without a file is no failure") {
  FakeJvm jvm;
  CHECK(jvm.Read() == EvidenceResult::kGone);
  jvm.Write("hsperfdata_app/8");
  jvm.Write("hsperfdata_app/4711");
  jvm.Write("7");
  CHECK(jvm.Read() == EvidenceResult::kGone);
  jvm.tree().Remove("4711/root/tmp");
  CHECK(jvm.Read() == EvidenceResult::kGone);
  jvm.tree().Remove("4711/root");
  CHECK(jvm.Read() == EvidenceResult::kGone);
  jvm.tree().Write("4711/status", "Name:\tjava\n");
  CHECK(jvm.Read() == EvidenceResult::kMalformed);
}

TEST_CASE("what is not a JVM's own file is refused") {
  FakeJvm jvm;
  jvm.Write("real", FakeJvm::File());

  SECTION("a link instead of the file") {
    jvm.tree().Link("4711/root/tmp/hsperfdata_app/7", jvm.Path("real"));
  }
  SECTION("a link that leads nowhere") {
    jvm.tree().Link("4711/root/tmp/hsperfdata_app/7", "nowhere");
  }
  SECTION("a link instead of the folder") {
    jvm.Write("elsewhere/7");
    jvm.tree().Link("4711/root/tmp/hsperfdata_app", jvm.Path("elsewhere"));
  }
  SECTION("a file instead of the folder") { jvm.Write("hsperfdata_app"); }
  SECTION("a link instead of /tmp") {
    jvm.tree().Remove("4711/root/tmp");
    jvm.tree().Write("4711/root/real/hsperfdata_app/7", FakeJvm::File());
    jvm.tree().Link("4711/root/tmp", "real");
  }
  SECTION("a folder") { jvm.tree().MakeFolder("4711/root/tmp/hsperfdata_app/7"); }
  SECTION("a FIFO") {
    jvm.tree().MakeFolder("4711/root/tmp/hsperfdata_app");
    REQUIRE(mkfifo(jvm.Path("hsperfdata_app/7").c_str(), 0600) == 0);
  }
  SECTION("a file that is too large") {
    jvm.Write("hsperfdata_app/7", FakeJvm::File() + std::string(64 << 10, '\0'));
  }
  SECTION("an empty file") { jvm.Write("hsperfdata_app/7", ""); }
  SECTION("a file that is cut") { jvm.Write("hsperfdata_app/7", FakeJvm::File().substr(0, 90)); }
  SECTION("a file of something else") { jvm.Write("hsperfdata_app/7", std::string(4096, 'x')); }
  CHECK(jvm.Read() == EvidenceResult::kMalformed);
  CHECK(jvm.heap == JvmHeap{});
}

TEST_CASE("a device is refused") {
  FakeJvm jvm;
  jvm.tree().MakeFolder("4711/root/tmp/hsperfdata_app");
  if (mknod(jvm.Path("hsperfdata_app/7").c_str(), S_IFCHR | 0600, makedev(1, 5)) != 0) return;
  CHECK(jvm.Read() == EvidenceResult::kMalformed);
}

TEST_CASE("a file of another user is refused, and another user's folder is of no account") {
  FakeJvm jvm("Pid:\t4711\nNSpid:\t7\n", geteuid() + 1);
  jvm.Write("hsperfdata_app/7");
  CHECK(jvm.Read() == EvidenceResult::kMalformed);
  jvm.tree().Remove("4711/root/tmp/hsperfdata_app");
  jvm.Write("hsperfdata_app/8");
  CHECK(jvm.Read() == EvidenceResult::kGone);
}

TEST_CASE("the right owner of the file in a folder of another is not enough, nor the other way") {
  if (geteuid() != 0) return;  // only root gives files away
  FakeJvm jvm;
  jvm.Write("hsperfdata_app/7");
  REQUIRE(chown(jvm.Path("hsperfdata_app/7").c_str(), 1, 1) == 0);
  CHECK(jvm.Read() == EvidenceResult::kMalformed);
  REQUIRE(chown(jvm.Path("hsperfdata_app/7").c_str(), 0, 0) == 0);
  REQUIRE(jvm.Read() == EvidenceResult::kOk);
  REQUIRE(chown(jvm.Path("hsperfdata_app").c_str(), 1, 1) == 0);
  CHECK(jvm.Read() == EvidenceResult::kMalformed);
}

TEST_CASE("what others put beside it hides no good file") {
  FakeJvm jvm;
  // Whatever the order in which they are listed.
  for (const char* user : {"0", "a", "m", "y", "z", "zz"}) {
    jvm.Write(std::string("hsperfdata_") + user + "/7", "no such file");
  }
  jvm.Write("hsperfdata_n/7");
  CHECK(jvm.Read() == EvidenceResult::kOk);
}

TEST_CASE("of a folder without end only so much is looked at") {
  FakeJvm jvm;
  for (int i = 0; i < 300; ++i) {
    jvm.tree().MakeFolder("4711/root/tmp/hsperfdata_" + std::to_string(i));
  }
  CHECK(jvm.Read() == EvidenceResult::kCut);
}

TEST_CASE("a file that is cut and restored again and again is read whole or not at all") {
  FakeJvm jvm;
  const std::string whole = FakeJvm::File();
  jvm.Write("hsperfdata_app/7", whole);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    const UniqueFd file(open(jvm.Path("hsperfdata_app/7").c_str(), O_RDWR));
    while (!done) {
      if (ftruncate(file.get(), 40) != 0 ||
          pwrite(file.get(), whole.data(), whole.size(), 0) != static_cast<ssize_t>(whole.size())) {
        return;
      }
    }
  });
  int read = 0;
  for (int i = 0; i < 20'000 && read < 50; ++i) {
    const EvidenceResult result = jvm.Read();
    if (result == EvidenceResult::kOk) {
      ++read;
      if (jvm.heap.old_used != 4096U) read = 1 << 20;
    } else if (result != EvidenceResult::kMalformed) {
      read = 1 << 20;
    }
  }
  done = true;
  writer.join();
  CHECK(read <= 50);
}

}  // namespace memleak
