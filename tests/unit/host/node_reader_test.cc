#include "exporter/host/node/node_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

constexpr NodeNeeds kEverything = {.meminfo = true,
                                   .vmstat = true,
                                   .memory_pressure = true,
                                   .buddyinfo = true,
                                   .slab = true,
                                   .file_nr = true,
                                   .threads = true,
                                   .hidepid = true};

std::string SlabLine(const std::string& name, int slabs) {
  return name + " 0 0 64 64 1 : tunables 0 0 0 : slabdata 0 " + std::to_string(slabs) + " 0\n";
}

// A tree and a reader of it.
struct Node {
  ProcTree tree;
  bool has_sysfs = std::filesystem::create_directories(tree.path() + "/sys/kernel/slab");
  UniqueFd proc{open(tree.path().c_str(), O_PATH | O_DIRECTORY)};
  NodeReader reader{proc.get(), tree.path() + "/sys"};
  NodeSample sample;

  void WriteSlabs(const std::string& lines) {
    tree.Write("slabinfo", "slabinfo - version: 2.1\n# name\n" + lines);
  }
  void WriteReclaimAccount(const std::string& cache, const std::string& text) {
    const std::filesystem::path folder = "sys/kernel/slab/" + cache;
    std::filesystem::create_directories(tree.path() / folder);
    tree.Write(folder / "reclaim_account", text);
  }
  const NodeSample& Read(const NodeNeeds& needs, double now = 1000) {
    reader.Read(needs, now, sample);
    return sample;
  }
};

const SlabCache& Cache(const NodeSample& sample, const std::string& name) {
  REQUIRE(sample.slab_caches != nullptr);
  for (const SlabCache& cache : *sample.slab_caches) {
    if (cache.name == name) return cache;
  }
  FAIL("no cache " << name);
  std::abort();
}

}  // namespace

TEST_CASE("what nobody needs is not read, and what was read before is forgotten") {
  Node node;
  const NodeSample& all = node.Read(kEverything);
  CHECK(all.meminfo);
  CHECK(all.vmstat);
  CHECK(all.memory_pressure);
  CHECK(all.buddyinfo);
  CHECK(all.slab_caches != nullptr);
  CHECK(all.file_nr);
  CHECK(all.threads == 90u);
  const NodeSample& none = node.Read({});
  CHECK_FALSE(none.meminfo);
  CHECK_FALSE(none.vmstat);
  CHECK_FALSE(none.memory_pressure);
  CHECK_FALSE(none.buddyinfo);
  CHECK(none.slab_caches == nullptr);
  CHECK_FALSE(none.file_nr);
  CHECK_FALSE(none.threads);
}

TEST_CASE("needs add up") {
  constexpr NodeNeeds kSum = NodeNeeds{.vmstat = true, .slab = true} | NodeNeeds{.threads = true};
  static_assert(kSum.vmstat && kSum.slab && kSum.threads);
  static_assert(!kSum.meminfo && !kSum.memory_pressure && !kSum.buddyinfo && !kSum.file_nr &&
                !kSum.hidepid);
}

TEST_CASE("a kernel that does not measure pressure is no failure, a broken file is") {
  Node node;
  REQUIRE(node.Read(kEverything).memory_pressure);
  CHECK_FALSE(node.sample.memory_pressure->some_microseconds);
  std::filesystem::create_directory(node.tree.path() + "/pressure");
  node.tree.Write("pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
  REQUIRE(node.Read(kEverything).memory_pressure);
  CHECK(node.sample.memory_pressure->some_microseconds == 5u);
  node.tree.Write("pressure/memory", "some avg10=0.00");
  CHECK_FALSE(node.Read(kEverything).memory_pressure);
}

TEST_CASE("a kernel that was told not to measure pressure is no failure either") {
  // psi=0 on the kernel's command line, until the files were left out then.
  CHECK(StatusOfErrno(EOPNOTSUPP) == ReadStatus::kGone);
}

TEST_CASE("a file of the node that is malformed or missing leaves only its part absent") {
  Node node;
  node.tree.Write("vmstat", "pswpin lots\n");
  std::filesystem::remove(node.tree.path() + "/buddyinfo");
  std::filesystem::remove(node.tree.path() + "/sys/fs/file-nr");
  std::filesystem::create_directory(node.tree.path() + "/sys/fs/file-nr");
  node.Read(kEverything);
  CHECK_FALSE(node.sample.vmstat);
  CHECK_FALSE(node.sample.buddyinfo);
  CHECK_FALSE(node.sample.file_nr);
  CHECK(node.sample.meminfo);
  CHECK(node.sample.threads);
}

TEST_CASE("a file that comes in pieces is read to its end") {
  Node node;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "nr_" + std::to_string(i) + " 1\n";
  node.tree.Write("vmstat", text + "oom_kill 3\n");
  REQUIRE(node.Read(kEverything).vmstat);
  CHECK(node.sample.vmstat->oom_kills == 3u);
}

TEST_CASE("slabinfo is read once a minute") {
  Node node;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  node.WriteSlabs(SlabLine("filp", 10));
  CHECK(Cache(node.Read(kEverything, 1000), "filp").bytes == 10 * page);
  node.WriteSlabs(SlabLine("filp", 20));
  CHECK(Cache(node.Read(kEverything, 1059.9), "filp").bytes == 10 * page);
  CHECK(Cache(node.Read(kEverything, 1060), "filp").bytes == 20 * page);
}

TEST_CASE("a kernel without slabinfo has no caches, a malformed one is a failure that heals") {
  Node node;
  std::filesystem::remove(node.tree.path() + "/slabinfo");
  REQUIRE(node.Read(kEverything, 0).slab_caches != nullptr);
  CHECK(node.sample.slab_caches->empty());
  CHECK(node.sample.denied_slabinfo == 0);
  node.WriteSlabs("nonsense\n");
  CHECK(node.Read(kEverything, 60).slab_caches == nullptr);
  CHECK(node.Read(kEverything, 61).slab_caches == nullptr);
  node.WriteSlabs(SlabLine("filp", 1));
  CHECK(Cache(node.Read(kEverything, 120), "filp").bytes > 0);
}

TEST_CASE("what sysfs says of a cache outweighs its name") {
  Node node;
  node.WriteReclaimAccount("odd_inode_cache", "0\n");
  node.WriteReclaimAccount("dm_bufio", "1\n");
  node.WriteReclaimAccount("strange", "what\n");
  node.WriteSlabs(SlabLine("odd_inode_cache", 1) + SlabLine("dm_bufio", 1) +
                  SlabLine("strange", 1) + SlabLine("ext4_inode_cache", 1) + SlabLine("dentry", 1) +
                  SlabLine("kmalloc-rcl-64", 1) + SlabLine("kmalloc-64", 1));
  node.Read(kEverything);
  CHECK_FALSE(Cache(node.sample, "odd_inode_cache").reclaimable);
  CHECK(Cache(node.sample, "dm_bufio").reclaimable);
  CHECK_FALSE(Cache(node.sample, "strange").reclaimable);
  CHECK(Cache(node.sample, "ext4_inode_cache").reclaimable);
  CHECK(Cache(node.sample, "dentry").reclaimable);
  CHECK(Cache(node.sample, "kmalloc-rcl-64").reclaimable);
  CHECK_FALSE(Cache(node.sample, "kmalloc-64").reclaimable);
}

TEST_CASE("a cache's kind is read once; caches that come and go keep the others' values right") {
  Node node;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  node.WriteReclaimAccount("a", "1\n");
  node.WriteSlabs(SlabLine("a", 1) + SlabLine("b", 2) + SlabLine("c", 3));
  CHECK(Cache(node.Read(kEverything, 0), "a").reclaimable);
  node.WriteReclaimAccount("a", "0\n");
  node.WriteReclaimAccount("new", "1\n");
  node.WriteSlabs(SlabLine("new", 9) + SlabLine("a", 4) + SlabLine("c", 6));
  node.Read(kEverything, 60);
  CHECK(node.sample.slab_caches->size() == 3);
  CHECK(Cache(node.sample, "a").reclaimable);
  CHECK(Cache(node.sample, "a").bytes == 4 * page);
  CHECK(Cache(node.sample, "c").bytes == 6 * page);
  CHECK(Cache(node.sample, "new").reclaimable);
}

TEST_CASE("two caches of one name are one, and a name is never a way out of its folder") {
  Node node;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  node.tree.Write("sys/kernel/reclaim_account", "1\n");
  node.WriteSlabs(SlabLine("twice", 1) + SlabLine("..", 1) + SlabLine("../../kernel", 1) +
                  SlabLine("twice", 5));
  node.Read(kEverything);
  CHECK(node.sample.slab_caches->size() == 3);
  CHECK(Cache(node.sample, "twice").bytes == 6 * page);
  CHECK_FALSE(Cache(node.sample, "..").reclaimable);
  CHECK_FALSE(Cache(node.sample, "../../kernel").reclaimable);
}

TEST_CASE("a tree that is no proc file system hides nothing that could be told") {
  Node node;
  CHECK_FALSE(node.Read(kEverything).processes_hidden);
}

}  // namespace memleak
