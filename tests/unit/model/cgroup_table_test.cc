#include "exporter/model/cgroup_table.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "exporter/model/cgroup_labels.h"
#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kNodeHeadroom = 1000 * kMiB;

// A cgroup file system of version 2 in a temporary folder.
class CgroupTree {
 public:
  CgroupTree() : root_(fs::path(tree_.path()) / "sys/fs/cgroup") {
    fs::create_directories(root_);
    Write("", "cgroup.controllers", "cpu memory\n");
    Write("", "cgroup.procs", "");
  }

  std::string sysfs() const { return tree_.path() + "/sys"; }
  std::string rootfs() const { return tree_.path(); }

  // `anon` and `cache` in MiB; `limit` as the file says it.
  void Put(const std::string& path, uint64_t anon, uint64_t cache, const std::string& limit = "max",
           const std::string& pids = "") {
    fs::create_directories(root_.string() + path);
    Write(path, "memory.max", limit + "\n");
    Write(path, "memory.current", std::to_string((anon + cache) * kMiB) + "\n");
    Write(path, "memory.swap.current", "0\n");
    Write(path, "memory.stat",
          "anon " + std::to_string(anon * kMiB) + "\nfile " + std::to_string(cache * kMiB) +
              "\nkernel 0\nshmem 0\ninactive_anon 0\nactive_anon 0\ninactive_file " +
              std::to_string(cache * kMiB) + "\nactive_file 0\nslab_reclaimable 0\n");
    Write(path, "cgroup.procs", pids);
  }
  void Write(const std::string& path, const std::string& file, const std::string& text) {
    std::ofstream(root_.string() + path + "/" + file, std::ios::binary) << text;
  }
  void Remove(const std::string& path) { fs::remove_all(root_.string() + path); }
  std::string Path(const std::string& path) const { return root_.string() + path; }

 private:
  ProcTree tree_;
  fs::path root_;
};

std::string Mib(uint64_t mib) { return std::to_string(mib * kMiB); }

void Pass(CgroupTable& table, double now = 0) {
  table.BeginPass(now, 1'000'000, kNodeHeadroom);
  table.EndPass();
}

std::vector<std::string> Shown(const CgroupTable& table) {
  std::vector<std::string> shown;
  for (const Cgroup* cgroup : table.exported()) {
    const size_t kind = cgroup->labels.find("kind=\"") + 6;
    shown.push_back(cgroup->labels.substr(kind, cgroup->labels.find('"', kind) - kind) + " " +
                    cgroup->path);
  }
  return shown;
}

const Cgroup& Find(const CgroupTable& table, const std::string& path) {
  for (const Cgroup* cgroup : table.exported()) {
    if (cgroup->path == path) return *cgroup;
  }
  FAIL("not exported: " << path);
  return *table.exported().front();
}

const std::string kContainer(64, 'a');
const std::string kOther(64, 'b');

}  // namespace

TEST_CASE("only what may hold a leak of its own is shown, and of a kind nothing twice") {
  CgroupTree tree;
  tree.Put("/system.slice", 1, 1);
  tree.Put("/system.slice/nginx.service", 1, 1);
  tree.Put("/system.slice/docker-" + kContainer + ".scope", 1, 1);
  tree.Put("/user.slice", 1, 1, Mib(500));
  tree.Put("/user.slice/user-1000.slice", 1, 1, Mib(400));
  tree.Put("/user.slice/user-1000.slice/user@1000.service", 1, 1);
  tree.Put("/user.slice/user-1000.slice/user@1000.service/app.slice", 1, 1);
  tree.Put("/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service", 1, 1, Mib(9));
  tree.Put("/unlimited", 1, 1);
  tree.Put("/limited", 1, 1, Mib(10));
  tree.Put("/docker", 1, 1);
  tree.Put("/docker/" + kContainer, 1, 1, Mib(10));
  tree.Put("/docker/" + kContainer + "/docker", 1, 1);
  tree.Put("/docker/" + kContainer + "/docker/" + kOther, 1, 1);
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  CHECK(Shown(table) == std::vector<std::string>{
                            "container /docker/" + kContainer + "/docker/" + kOther,
                            "slice /limited",
                            "container /system.slice/docker-" + kContainer + ".scope",
                            "unit /system.slice/nginx.service",
                            "slice /user.slice",
                            "unit /user.slice/user-1000.slice/user@1000.service",
                        });
  CHECK(table.counts().exported == 6);
  CHECK(table.counts().cut == 0);
}

TEST_CASE("of nested pods the outermost limited one is shown") {
  const std::string pods = "/kubepods/pod11111111-2222-3333-4444-555555555555";
  const std::string inner =
      pods + "/" + kContainer + "/kubepods/pod99999999-2222-3333-4444-555555555555";
  CgroupTree tree;
  tree.Put("/kubepods", 1, 1);
  tree.Put(pods, 1, 1);
  tree.Put(pods + "/" + kContainer, 1, 1);
  tree.Put(pods + "/" + kContainer + "/kubepods", 1, 1);
  tree.Put(inner, 1, 1, Mib(10));
  tree.Put(inner + "/" + kOther, 1, 1);
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  CHECK(Shown(table) ==
        std::vector<std::string>{"pod " + inner, "container " + inner + "/" + kOther});
  tree.Put(pods, 1, 1, Mib(100));
  Pass(table);
  CHECK(Shown(table) ==
        std::vector<std::string>{"pod " + pods, "container " + inner + "/" + kOther});
}

TEST_CASE("headroom is the least over a cgroup, its limited ancestors and the node") {
  CgroupTree tree;
  tree.Put("/a.slice", 100, 300, Mib(500));             // 400 left: caches can be dropped
  tree.Put("/a.slice/tight.service", 10, 0, Mib(50));   // 40 left
  tree.Put("/a.slice/loose.service", 10, 0, Mib(450));  // 440 left of its own
  tree.Put("/a.slice/free.service", 10, 0);
  tree.Put("/b.service", 1, 0);
  tree.Put("/huge.service", 1, 0, Mib(1'000'000));
  tree.Put("/over.service", 60, 0, Mib(50));  // a limit that was lowered below the usage
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  CHECK(Find(table, "/a.slice").headroom == 400 * kMiB);
  CHECK(Find(table, "/a.slice/tight.service").headroom == 40 * kMiB);
  CHECK(Find(table, "/a.slice/loose.service").headroom == 400 * kMiB);
  CHECK(Find(table, "/a.slice/free.service").headroom == 400 * kMiB);
  CHECK(Find(table, "/b.service").headroom == kNodeHeadroom);
  CHECK(Find(table, "/huge.service").headroom == kNodeHeadroom);
  CHECK(Find(table, "/over.service").headroom == uint64_t{0});
}

TEST_CASE("headroom below a limit that cannot be judged is unknown") {
  CgroupTree tree;
  tree.Put("/a.slice", 1, 0, "many");
  tree.Put("/a.slice/in.service", 1, 0, Mib(5));
  tree.Put("/b.slice", 1, 0, Mib(5));
  tree.Write("/b.slice", "memory.stat", "anon x\n");
  tree.Put("/b.slice/in.service", 1, 0);
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  CHECK_FALSE(Find(table, "/a.slice/in.service").headroom);
  CHECK_FALSE(Find(table, "/b.slice/in.service").headroom);
  CHECK(table.counts().malformed == 2);
}

TEST_CASE("a process is where the hierarchy says, unless it is younger than the look at it") {
  CgroupTree tree;
  tree.Write("", "cgroup.procs", "1\n");
  tree.Put("/a.service", 1, 0, "max", "7\n0\n30\n");
  tree.Put("/a.service/below", 1, 0, "max", "8\n");
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  table.BeginPass(0, 1'000, kNodeHeadroom);
  const auto path_of = [&](int32_t pid, uint64_t start = 500) -> std::string {
    const Cgroup* cgroup = table.Of(pid, start);
    return cgroup == nullptr ? "unknown" : cgroup->path;
  };
  CHECK(path_of(1).empty());
  CHECK(path_of(2) == "unknown");
  CHECK(path_of(7) == "/a.service");
  CHECK(path_of(8) == "/a.service/below");
  CHECK(path_of(30) == "/a.service");
  CHECK(path_of(31) == "unknown");
  CHECK(path_of(0) == "unknown");
  CHECK(path_of(7) == "/a.service");  // in any order
  CHECK(path_of(7) == "/a.service");
  CHECK(path_of(8, 1'000) == "/a.service/below");
  CHECK(path_of(8, 1'001) == "unknown");  // another one with its pid
  table.EndPass();
  CHECK(Find(table, "/a.service").processes ==
        4);  // with those below, seen by our namespace or not
}

TEST_CASE("a cgroup shows the group of its processes only while they are of one") {
  CgroupTree tree;
  tree.Put("/a.service", 1, 0);
  tree.Put("/a.service/x", 1, 0, "max", "7\n");
  tree.Put("/a.service/y", 1, 0, "max", "8\n9\n");
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  GroupTable groups(10);
  const Group& web = groups.Find("web");
  const Group& db = groups.Find("db");
  const auto group_label = [&](const Group* of_7, const Group* of_8, const Group* of_9) {
    table.BeginPass(0, 1'000, kNodeHeadroom);
    table.Of(7, 1)->NoteMember(of_7, 1, 0);
    table.Of(8, 1)->NoteMember(of_8, 1, 0);
    table.Of(9, 1)->NoteMember(of_9, 1, 0);
    table.EndPass();
    const std::string& labels = Find(table, "/a.service").labels;
    const size_t at = labels.find(",group=");
    return at == std::string::npos ? "" : labels.substr(at);
  };
  CHECK(group_label(&web, &web, &web) == ",group=\"web\"");
  CHECK(group_label(&web, &web, &db).empty());
  CHECK(group_label(&db, &web, &web).empty());
  CHECK(group_label(&web, &web, nullptr) == ",group=\"web\"");  // a newcomer without a name yet
  CHECK(group_label(nullptr, nullptr, nullptr).empty());
}

TEST_CASE("cgroups come, go and come again between passes") {
  CgroupTree tree;
  tree.Put("/b.service", 1, 0, "max", "7\n");
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  tree.Put("/a.service", 1, 0, "max", "8\n");
  tree.Put("/c.service", 1, 0, "max", "9\n");
  Pass(table);
  CHECK(Shown(table) ==
        std::vector<std::string>{"unit /a.service", "unit /b.service", "unit /c.service"});
  tree.Remove("/b.service");
  table.BeginPass(0, 1'000, kNodeHeadroom);
  CHECK(table.Of(7, 1) == nullptr);
  CHECK(table.Of(9, 1)->path == "/c.service");
  table.EndPass();
  tree.Remove("/a.service");
  tree.Remove("/c.service");
  tree.Put("/b.service", 1, 0);
  Pass(table);
  CHECK(Shown(table) == std::vector<std::string>{"unit /b.service"});
}

TEST_CASE("a vanished cgroup stays readable until its pass ends") {
  CgroupTree tree;
  tree.Put("/a.service/x", 1, 0, "max", "7\n");
  tree.Put("/a.service", 1, 0);
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  table.BeginPass(0, 1'000, kNodeHeadroom);
  const Cgroup* below = table.Of(7, 1);
  table.EndPass();
  tree.Remove("/a.service");
  table.BeginPass(0, 1'000, kNodeHeadroom);
  CHECK(below->gone);
  CHECK(below->path == "/a.service/x");
  table.EndPass();
}

TEST_CASE("beyond the limit the largest by unreclaimable memory are shown and the others counted") {
  CgroupTree tree;
  tree.Put("/small.service", 10, 500);
  tree.Put("/large.service", 40, 0);
  tree.Put("/middle.service", 30, 0);
  CgroupTable table(tree.sysfs(), tree.rootfs(), 2);
  Pass(table);
  CHECK(Shown(table) == std::vector<std::string>{"unit /large.service", "unit /middle.service"});
  CHECK(table.counts().exported == 2);
  CHECK(table.counts().cut == 1);
}

TEST_CASE("names that look the same in a label are still two") {
  CHECK(CgroupLabel("") == "/");
  CHECK(CgroupLabel("/a/b.service") == "/a/b.service");
  std::string long_path = "/" + std::string(200, 'x');
  long_path += long_path;
  std::set<std::string> labels;
  for (const std::string& path :
       {std::string("/a\xff"), std::string("/a\xfe"), long_path + "1", long_path + "2"}) {
    const std::string label = CgroupLabel(path);
    CHECK(label.size() <= 256);
    labels.insert(label);
  }
  CHECK(labels.size() == 4);
  // One that is called as another's label is.
  for (const std::string& label : labels) CHECK(CgroupLabel(label) != label);
}

TEST_CASE("a hierarchy that grows without end is looked at only so far") {
  CgroupTree tree;
  std::string deep;
  for (int i = 0; i < CgroupTable::kMaxDepth + 5; ++i) {
    deep += "/d";
    tree.Put(deep, 1, 0);
  }
  CgroupTable table(tree.sysfs(), tree.rootfs(), 10);
  Pass(table);
  CHECK(table.counts().skipped == 1);
  Pass(table);
  CHECK(table.counts().skipped == 1);
  tree.Put("/a.service", 1, 0);
  tree.Put("/d.service" + deep, 1, 0);
  tree.Put("/d.service", 1, 0);
  Pass(table);
  CHECK_FALSE(Find(table, "/a.service").incomplete);
  CHECK(Find(table, "/d.service").incomplete);  // how many processes it has is not known
}

TEST_CASE("without a hierarchy the path that a process names stands in") {
  CgroupTree tree;
  CgroupTable table(tree.sysfs() + "/nothing", tree.rootfs(), 10);
  table.BeginPass(0, 1'000, kNodeHeadroom);
  CHECK_FALSE(table.lists_processes());
  CHECK(table.Of(7, 1) == nullptr);
  Cgroup* cgroup = table.At("/system.slice/nginx.service");
  REQUIRE(cgroup != nullptr);
  CHECK(cgroup->name.unit == "nginx.service");
  CHECK(cgroup->headroom == kNodeHeadroom);
  cgroup->NoteMember(nullptr, 1, 0);
  table.EndPass();
  CHECK(table.exported().empty());
  table.BeginPass(1, 1'000, kNodeHeadroom);
  CHECK(table.At("/system.slice/nginx.service") == cgroup);
  table.EndPass();  // nobody is in it any more
  table.BeginPass(2, 1'000, kNodeHeadroom);
  CHECK(table.At("/system.slice/nginx.service")->stamp > 1);
}

TEST_CASE("processes of other pid namespaces are placed by the path that they name") {
  CgroupTree tree;
  tree.Put("/a.slice/in.service", 1, 0, "max", "0\n7\n");  // that 7 is of our namespace
  tree.Put("/a.slice", 1, 0, Mib(50));
  CgroupTable table(tree.sysfs(), tree.rootfs(), 10, false);
  table.BeginPass(0, 1'000, kNodeHeadroom);
  CHECK_FALSE(table.lists_processes());
  CHECK(table.Of(7, 1) == nullptr);
  const Cgroup* placed = table.At("/a.slice/in.service");
  REQUIRE(placed != nullptr);
  CHECK(placed->headroom == 49 * kMiB);
  // From a private cgroup namespace nobody can tell which cgroup that is, nor its limits.
  const std::string elsewhere = "/../../kubepods/pod0c1d7a3e-5b52-4b0e-9a51-3f6d1f2a7c01/";
  const Cgroup* unknown = table.At(elsewhere + kContainer);
  REQUIRE(unknown != nullptr);
  CHECK(unknown->name.container_id == kContainer);
  CHECK_FALSE(unknown->headroom);
  table.EndPass();
  CHECK(Find(table, "/a.slice/in.service").processes == 2);
}

TEST_CASE("a hierarchy that is mounted later is found") {
  CgroupTree tree;
  fs::rename(tree.Path(""), tree.Path("") + "-later");
  CgroupTable table(tree.sysfs(), tree.rootfs(), 10);
  Pass(table);
  CHECK_FALSE(table.lists_processes());
  fs::rename(tree.Path("") + "-later", tree.Path(""));
  tree.Put("/a.service", 1, 0);
  Pass(table);
  CHECK(Shown(table) == std::vector<std::string>{"unit /a.service"});
}

TEST_CASE("looking again at unchanged cgroups allocates nothing") {
  CgroupTree tree;
  for (int i = 0; i < 20; ++i) {
    tree.Put("/s" + std::to_string(i) + ".service", 1, 1, Mib(50), std::to_string(i + 2) + "\n");
  }
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  Pass(table);
  Pass(table);
  const size_t before = AllocationsOfThisThread();
  Pass(table);
  const size_t after = AllocationsOfThisThread();
  CHECK(after == before);
  CHECK(table.exported().size() == 20);
}

TEST_CASE("the nearest cgroup that holds both") {
  Cgroup root;
  Cgroup a;
  a.parent = &root;
  a.depth = 1;
  Cgroup b = Cgroup();
  b.parent = &a;
  b.depth = 2;
  Cgroup c;
  c.parent = &a;
  c.depth = 2;
  CHECK(CommonAncestor(&b, &c) == &a);
  CHECK(CommonAncestor(&b, &a) == &a);
  CHECK(CommonAncestor(&b, &b) == &b);
  CHECK(CommonAncestor(&b, &root) == &root);
  CHECK(CommonAncestor(&b, nullptr) == nullptr);
}

TEST_CASE("with version 1 a process is where its first thread is") {
  ProcTree tree;
  const fs::path root = fs::path(tree.path()) / "sys/fs/cgroup/memory";
  const auto put = [&](const std::string& path, const std::string& pids, const std::string& tids) {
    fs::create_directories(root.string() + path);
    std::ofstream(root.string() + path + "/cgroup.procs") << pids;
    std::ofstream(root.string() + path + "/tasks") << tids;
    std::ofstream(root.string() + path + "/memory.usage_in_bytes") << "4096\n";
    std::ofstream(root.string() + path + "/memory.limit_in_bytes") << "9223372036854771712\n";
    std::ofstream(root.string() + path + "/memory.stat")
        << "total_cache 0\ntotal_rss 4096\ntotal_inactive_file 0\ntotal_active_file 0\n";
  };
  put("", "", "");
  put("/a.service", "7\n8\n", "9\n8\n");  // 9 is a thread of 7
  put("/z.service", "7\n", "7\n");
  CgroupTable table(tree.path() + "/sys", tree.path(), 10);
  table.BeginPass(0, 1'000, kNodeHeadroom);
  REQUIRE(table.Of(7, 1) != nullptr);
  CHECK(table.Of(7, 1)->path == "/z.service");
  CHECK(table.Of(8, 1)->path == "/a.service");
  table.EndPass();
  CHECK(Find(table, "/a.service").processes == 1);
  CHECK(Find(table, "/z.service").processes == 1);
}

TEST_CASE("where ids are told no list is read, and whoever tells them counts") {
  CgroupTree tree;
  tree.Put("/a", 1, 1, Mib(10), "7\n");
  tree.Put("/a/b", 1, 1, Mib(5), "8\n9\n");
  struct stat directory {};
  REQUIRE(stat(tree.Path("/a/b").c_str(), &directory) == 0);
  const uint64_t id = directory.st_ino;
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  table.BeginPass(0, 1'000'000, kNodeHeadroom, true);
  CHECK(table.ids_are_told());
  CHECK(table.Of(8, 1) == nullptr);
  CHECK(table.WithId(0) == nullptr);
  Cgroup* const inner = table.WithId(id);
  REQUIRE(inner != nullptr);
  CHECK(inner->path == "/a/b");
  CHECK(table.WithId(id) == inner);
  inner->NoteMember(nullptr, 1, 0, true);
  // One that is only remembered to be there.
  inner->NoteMember(nullptr, 1, 0, false);
  table.EndPass();
  CHECK(inner->members == 2);
  CHECK(inner->processes == 1);
  CHECK(inner->parent->processes == 1);
  CHECK_FALSE(inner->incomplete);

  Pass(table, 1);
  CHECK_FALSE(table.ids_are_told());
  CHECK(table.WithId(id) == nullptr);
  CHECK(table.Of(8, 1) == inner);
  CHECK(inner->processes == 2);
  CHECK(inner->parent->processes == 3);
}

TEST_CASE("a copy of a hierarchy has no ids that a kernel would tell") {
  CgroupTree tree;
  CgroupTable table(tree.sysfs(), tree.rootfs(), 100);
  CHECK(table.ids() == Needs::CgroupIds::kNone);
}

}  // namespace memleak
