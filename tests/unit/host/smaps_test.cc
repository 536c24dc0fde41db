#include "exporter/host/evidence/smaps.h"

#include <optional>
#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr uint64_t kKiB = 1024;

std::optional<Mappings> Parse(std::string_view text) {
  SmapsParser parser;
  parser.Add(text);
  if (!parser.Finish()) return std::nullopt;
  return parser.mappings();
}

// A mapping as Linux 6.x prints it, in short.
std::string Mapping(const std::string& header, uint64_t rss_kib, uint64_t pss_kib = 0,
                    uint64_t swap_kib = 0) {
  return header + "\nSize:               4096 kB\nRss:             " + std::to_string(rss_kib) +
         " kB\nPss:             " + std::to_string(pss_kib) +
         " kB\nPss_Dirty:              7 kB\nAnonymous:              7 kB\nSwap:            " +
         std::to_string(swap_kib) +
         " kB\nSwapPss:                7 kB\nTHPeligible:           0\nVmFlags: rd wr mr mw me ac "
         "\n";
}

constexpr const char* kPlace = "7f0000000000-7f0000400000 ";

// The kind of a mapping of that name, as its header would be printed.
std::optional<MappingKind> KindOf(const std::string& name, const std::string& perms = "rw-p",
                                  const std::string& inode = "1234") {
  const auto mappings = Parse(Mapping(
      kPlace + perms + " 00000000 00:01 " + inode + std::string(name.empty() ? 1 : 20, ' ') + name,
      4));
  if (!mappings || mappings->count != 1) return std::nullopt;
  for (size_t i = 0; i < kMappingKinds; ++i) {
    if (mappings->resident[i] == 4 * kKiB) return static_cast<MappingKind>(i);
  }
  return std::nullopt;
}
std::optional<MappingKind> KindWithoutInode(const std::string& name) {
  return KindOf(name, "rw-p", "0");
}

// One process of each kernel, as its show_smap (fs/proc/task_mmu.c) prints it.
constexpr std::string_view kLinux310 =
    "00400000-00452000 r-xp 00000000 08:02 173521                             "
    "/usr/bin/dbus-daemon\n"
    "Size:                328 kB\nRss:                 200 kB\nPss:                 100 kB\n"
    "Shared_Clean:        200 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
    "Private_Dirty:         0 kB\nReferenced:          200 kB\nAnonymous:             0 kB\n"
    "AnonHugePages:         0 kB\nSwap:                  0 kB\nKernelPageSize:        4 kB\n"
    "MMUPageSize:           4 kB\nLocked:                0 kB\nVmFlags: rd ex mr mw me dw \n"
    "7f12a4000000-7f12a4021000 rw-p 00000000 00:00 0 \n"
    "Size:                132 kB\nRss:                   8 kB\nPss:                   8 kB\n"
    "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
    "Private_Dirty:         8 kB\nReferenced:            8 kB\nAnonymous:             8 kB\n"
    "AnonHugePages:         0 kB\nSwap:                 16 kB\nKernelPageSize:        4 kB\n"
    "MMUPageSize:           4 kB\nLocked:                0 kB\nVmFlags: rd wr mr mw me ac \n"
    "7f12a8d50000-7f12a9550000 rw-p 00000000 00:00 0                          [stack:1123]\n"
    "Size:               8192 kB\nRss:                  12 kB\nPss:                  12 kB\n"
    "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
    "Private_Dirty:        12 kB\nReferenced:           12 kB\nAnonymous:            12 kB\n"
    "AnonHugePages:         0 kB\nSwap:                  0 kB\nKernelPageSize:        4 kB\n"
    "MMUPageSize:           4 kB\nLocked:                0 kB\nVmFlags: rd wr mr mw me gd ac \n";

// Fields that 3.10 has not: ShmemHugetlb to SwapPss of 4.x, Pss_Dirty and KSM of 6.x. On 4.4 the
// sizes of pages come last, on 6.x first.
constexpr std::string_view kLinux404 =
    "0153a000-0155b000 rw-p 00000000 00:00 0                                  [heap]\n"
    "Size:                132 kB\nRss:                  20 kB\nPss:                  20 kB\n"
    "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
    "Private_Dirty:        20 kB\nReferenced:           20 kB\nAnonymous:            20 kB\n"
    "AnonHugePages:         0 kB\nShared_Hugetlb:        0 kB\nPrivate_Hugetlb:       0 kB\n"
    "Swap:                  4 kB\nSwapPss:               4 kB\nKernelPageSize:        4 kB\n"
    "MMUPageSize:           4 kB\nLocked:                0 kB\nVmFlags: rd wr mr mw me ac sd \n";

constexpr std::string_view kLinux618 =
    "7f68cc22b000-7f68cc24d000 rw-s 00000000 00:01 7                          /dev/zero (deleted)\n"
    "Size:                136 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
    "Rss:                 120 kB\nPss:                  60 kB\nPss_Dirty:            60 kB\n"
    "Shared_Clean:          0 kB\nShared_Dirty:        120 kB\nPrivate_Clean:         0 kB\n"
    "Private_Dirty:         0 kB\nReferenced:          120 kB\nAnonymous:             0 kB\n"
    "KSM:                   0 kB\nLazyFree:              0 kB\nAnonHugePages:         0 kB\n"
    "ShmemPmdMapped:        0 kB\nFilePmdMapped:         0 kB\nShared_Hugetlb:     2048 kB\n"
    "Private_Hugetlb:    4096 kB\nSwap:                  8 kB\nSwapPss:               4 kB\n"
    "Locked:                0 kB\nTHPeligible:           0\nProtectionKey:         0\n"
    "VmFlags: rd wr sh mr mw me ms sd \n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
    "Size:                  4 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
    "Rss:                   0 kB\nPss:                   0 kB\nPss_Dirty:             0 kB\n"
    "Swap:                  0 kB\nSwapPss:               0 kB\nTHPeligible:           0\n"
    "VmFlags: ex \n";

}  // namespace

TEST_CASE("the text of several kernels is added up by kind") {
  const auto old = Parse(kLinux310);
  REQUIRE(old);
  CHECK(old->count == 3);
  CHECK(old->Resident(MappingKind::kFile) == 200 * kKiB);
  CHECK(old->Resident(MappingKind::kAnonymous) == 8 * kKiB);
  CHECK(old->Resident(MappingKind::kStack) == 12 * kKiB);
  CHECK(old->swapped[static_cast<size_t>(MappingKind::kAnonymous)] == 16 * kKiB);
  CHECK(old->proportional == 120 * kKiB);

  const auto middle = Parse(kLinux404);
  REQUIRE(middle);
  CHECK(middle->Resident(MappingKind::kHeap) == 20 * kKiB);
  CHECK(middle->swapped[static_cast<size_t>(MappingKind::kHeap)] == 4 * kKiB);
  CHECK(middle->proportional == 20 * kKiB);

  // Huge pages of hugetlbfs are not in Rss.
  const auto recent = Parse(kLinux618);
  REQUIRE(recent);
  CHECK(recent->count == 2);
  CHECK(recent->Resident(MappingKind::kShared) == 120 * kKiB);
  CHECK(recent->swapped[static_cast<size_t>(MappingKind::kShared)] == 8 * kKiB);
  CHECK(recent->Resident(MappingKind::kOther) == 0);
  CHECK(recent->proportional == 60 * kKiB);
}

TEST_CASE("what kind a mapping is of shows in its name") {
  CHECK(KindWithoutInode("[heap]") == MappingKind::kHeap);
  CHECK(KindWithoutInode("[stack]") == MappingKind::kStack);
  CHECK(KindWithoutInode("[stack:4711]") == MappingKind::kStack);
  CHECK(KindWithoutInode("") == MappingKind::kAnonymous);
  CHECK(KindWithoutInode("[anon:glibc: malloc arena]") == MappingKind::kAnonymous);
  CHECK(KindOf("/dev/zero") == MappingKind::kAnonymous);
  CHECK(KindOf("/anon_hugepage (deleted)") == MappingKind::kAnonymous);

  CHECK(KindOf("/dev/zero (deleted)", "rw-s") == MappingKind::kShared);
  CHECK(KindOf("/anon_hugepage (deleted)", "rw-s") == MappingKind::kShared);
  CHECK(KindOf("[anon_shmem:buffers]", "rw-s") == MappingKind::kShared);
  CHECK(KindOf("/SYSV0052e2c1 (deleted)", "rw-s") == MappingKind::kShared);
  CHECK(KindOf("/memfd:doublemapper (deleted)", "r-xs") == MappingKind::kShared);
  CHECK(KindOf("/memfd: (deleted)", "rw-p") == MappingKind::kShared);
  CHECK(KindOf("/dev/shm/PostgreSQL.1804289383", "rw-s") == MappingKind::kShared);
  CHECK(KindOf("/dev/shm/sem.x (deleted)", "rw-s") == MappingKind::kShared);

  CHECK(KindOf("/usr/lib/x86_64-linux-gnu/libc.so.6", "r-xp") == MappingKind::kFile);
  CHECK(KindOf("/var/lib/db/data (deleted)", "rw-s") == MappingKind::kFile);
  CHECK(KindOf("/", "r--p") == MappingKind::kFile);

  CHECK(KindWithoutInode("[vdso]") == MappingKind::kOther);
  CHECK(KindWithoutInode("[vvar_vclock]") == MappingKind::kOther);
  CHECK(KindWithoutInode("[uprobes]") == MappingKind::kOther);
  CHECK(KindOf("anon_inode:[io_uring]", "rw-s") == MappingKind::kOther);
  CHECK(KindOf("socket:[12345]", "rw-s") == MappingKind::kOther);
  CHECK(KindOf("/dev/dri/renderD128", "rw-s") == MappingKind::kOther);
  CHECK(KindOf("/dmabuf:", "rw-s") == MappingKind::kOther);
  CHECK(KindOf("", "rw-s", "7") == MappingKind::kOther);
}

TEST_CASE("names that are meant to mislead are the files that they are") {
  for (const char* name : {
           "/home/a b/[heap]",
           "/[heap]",
           "/x [stack]",
           "/x\\012[heap]",
           "/x (deleted) (deleted)",
           "/memfd:still-there",
           "/memfd",
           "/SYSV00000000",
           "/SYSV00000000/x (deleted)",
           "/home/SYSV00000000 (deleted)",
           "/home/memfd:x (deleted)",
           "/home/dev/zero (deleted)",
           "/devices/x",
           "/srv/[anon:x]",
           "/x  ",
           "/7f0000000000-7f0000400000 rw-p 00000000 00:00 0 [heap]",
           "/\xff\xfe",
       }) {
    CAPTURE(name);
    CHECK(KindOf(name) == MappingKind::kFile);
  }
}

TEST_CASE("a name of any length is told by its beginning") {
  const std::string deep(100'000, 'd');
  CHECK(KindOf("/" + deep) == MappingKind::kFile);
  CHECK(KindOf("/dev/shm/" + deep) == MappingKind::kShared);
  CHECK(KindOf("/memfd:" + deep + " (deleted)") == MappingKind::kFile);
  // The longest that a memfd's name can be: 249 bytes, each a newline.
  std::string newlines;
  for (int i = 0; i < 249; ++i) newlines += "\\012";
  CHECK(KindOf("/memfd:" + newlines + " (deleted)") == MappingKind::kShared);
}

TEST_CASE("where the pieces are cut makes no difference") {
  std::string text(kLinux310);
  text += kLinux404;
  text += kLinux618;
  text += Mapping(std::string(kPlace) + "r--p 00000000 fe:00 12     /" + std::string(3000, 'x'), 40,
                  30, 20);
  const auto whole = Parse(text);
  REQUIRE(whole);
  CHECK(whole->Resident(MappingKind::kFile) == 240 * kKiB);
  for (size_t piece = 1; piece < 300; piece += piece < 20 ? 1 : 37) {
    CAPTURE(piece);
    SmapsParser parser;
    for (size_t at = 0; at < text.size(); at += piece) {
      REQUIRE(parser.Add(std::string_view(text).substr(at, piece)));
    }
    REQUIRE(parser.Finish());
    CHECK(parser.mappings().resident == whole->resident);
    CHECK(parser.mappings().swapped == whole->swapped);
    CHECK(parser.mappings().proportional == whole->proportional);
    CHECK(parser.mappings().count == whole->count);
  }
}

TEST_CASE("no mappings at all is understood, for whoever wants to know") {
  const auto nothing = Parse("");
  REQUIRE(nothing);
  CHECK(nothing->count == 0);
}

TEST_CASE("what is not smaps, or only a part of it, is not understood") {
  const std::string header = std::string(kPlace) + "rw-p 00000000 00:00 0 ";
  const std::string good = Mapping(header, 4);
  REQUIRE(Parse(good));
  CHECK_FALSE(Parse(good.substr(0, good.size() - 1)));
  CHECK_FALSE(Parse(good + "7f00"));
  CHECK_FALSE(Parse(good + "\n"));
  CHECK_FALSE(Parse(good + header + "\n"));
  CHECK_FALSE(Parse(header + "\n" + good));
  CHECK_FALSE(Parse("Rss:  4 kB\n" + good));
  CHECK_FALSE(Parse(good + "Rss:  4 kB\n"));
  CHECK_FALSE(Parse(good + "Pss:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nRss:   4 kB\nPss:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nRss:   4 kB\nSwap:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nPss:   4 kB\nSwap:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nRss:   4\nPss:  4 kB\nSwap:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nRss:   -4 kB\nPss:  4 kB\nSwap:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nRss:   4 MB\nPss:  4 kB\nSwap:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nRss:    kB\nPss:  4 kB\nSwap:  4 kB\n"));
  CHECK_FALSE(Parse(header + "\nK" + std::string(3000, 'x') + "\n" + good));
  for (const char* wrong : {
           "",
           "7f0000000000",
           "7f0000000000-",
           "7f0000000000-7f0000400000",
           "7f0000000000-7f0000400000 rw-",
           "7f0000000000-7f0000400000 rw-x 00000000 00:00 0 ",
           "7f0000000000-7f0000400000 rw-pp00000000 00:00 0 ",
           "7f0000000000-7f0000400000 rw-p 00000000 0000 0 ",
           "7f0000000000-7f0000400000 rw-p 00000000 00:00 ",
           "7f0000000000-7f0000400000 rw-p 00000000 00:00 0x",
           "7f0000000000-7f0000400000 rw-p 00000000 00:00 18446744073709551616 ",
           "7f0000000000:7f0000400000 rw-p 00000000 00:00 0 ",
           "17f0000000000000000-7f0000400000 rw-p 00000000 00:00 0 ",
           " 7f0000000000-7f0000400000 rw-p 00000000 00:00 0 ",
           "#",
       }) {
    CAPTURE(wrong);
    CHECK_FALSE(Parse(Mapping(wrong, 4)));
    CHECK_FALSE(Parse(good + Mapping(wrong, 4)));
  }
}

TEST_CASE("what was not understood once stays so") {
  SmapsParser parser;
  CHECK_FALSE(parser.Add("nonsense\n"));
  CHECK_FALSE(parser.Add(Mapping(std::string(kPlace) + "rw-p 00000000 00:00 0 ", 4)));
  CHECK_FALSE(parser.Finish());
}

TEST_CASE("a sum that does not fit is not understood, and does not wrap") {
  const std::string header = std::string(kPlace) + "rw-p 00000000 00:00 0 ";
  constexpr uint64_t kMostKib = UINT64_MAX / 1024;
  CHECK(Parse(Mapping(header, kMostKib, kMostKib, kMostKib)));
  CHECK(Parse(Mapping(header, kMostKib) + Mapping(header, 0)));
  CHECK_FALSE(Parse(Mapping(header, kMostKib + 1)));
  CHECK_FALSE(Parse(Mapping(header, kMostKib) + Mapping(header, 1)));
  CHECK_FALSE(Parse(Mapping(header, 0, kMostKib) + Mapping(header, 0, 1)));
  CHECK_FALSE(Parse(Mapping(header, 0, 0, kMostKib) + Mapping(header, 0, 0, 1)));
}

}  // namespace memleak
