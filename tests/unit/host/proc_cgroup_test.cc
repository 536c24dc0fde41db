#include "exporter/host/process/proc_cgroup.h"

#include "tests/catch.h"

namespace memleak {

TEST_CASE("the path of the hierarchy that accounts for memory") {
  // Version 1 and hybrid, version 2, and what a private cgroup namespace shows.
  CHECK(MemoryCgroupPath("9:name=systemd:/s\n5:cpu,cpuacct:/c\n4:memory:/m\n0::/u\n") == "/m");
  CHECK(MemoryCgroupPath("0::/u\n4:hugetlb,memory:/m\n") == "/m");
  CHECK(MemoryCgroupPath("5:cpu:/c\n0::/system.slice/x.service\n") == "/system.slice/x.service");
  CHECK(MemoryCgroupPath("0::/../../kubepods/pod1\n") == "/../../kubepods/pod1");
  CHECK(MemoryCgroupPath("0::/\n") == "/");
}

TEST_CASE("names of cgroups may hold what else is syntax") {
  CHECK(MemoryCgroupPath("4:memory:/a:b\n") == "/a:b");
  CHECK(MemoryCgroupPath("4:xmemory:/x\n3:memoryx:/y\n1:name=memory:/z\n").empty());
  CHECK(MemoryCgroupPath("0::/gone (deleted)\n") == "/gone");
}

TEST_CASE("what is no line of cgroups is skipped") {
  for (const char* text :
       {"", "0::/cut", "4\n", "4:memory\n", "4:memory:\n", "4:memory:relative\n"}) {
    INFO(text);
    CHECK(MemoryCgroupPath(text).empty());
  }
}

}  // namespace memleak
