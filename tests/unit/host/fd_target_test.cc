#include "exporter/host/evidence/fd_target.h"

#include <sys/stat.h>

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr LinkedFile kNamed = {S_IFREG | 0644, 1};
constexpr LinkedFile kNameless = {S_IFREG | 0644, 0};

std::string Folded(std::string_view link) {
  std::string target = "left over";
  FoldTarget(link, target);
  return target;
}

}  // namespace

TEST_CASE("what is no path is known by its name, with and without brackets") {
  CHECK(KindByName("socket:[4711]") == FdKind::kSocket);
  CHECK(KindByName("pipe:[4711]") == FdKind::kPipe);
  CHECK(KindByName("anon_inode:[eventfd]") == FdKind::kEventfd);
  CHECK(KindByName("anon_inode:eventfd") == FdKind::kEventfd);
  CHECK(KindByName("anon_inode:[eventpoll]") == FdKind::kEventpoll);
  CHECK(KindByName("anon_inode:[timerfd]") == FdKind::kTimerfd);
  CHECK(KindByName("anon_inode:inotify") == FdKind::kInotify);
  CHECK(KindByName("anon_inode:[inotify]") == FdKind::kInotify);
  for (const char* other :
       {"anon_inode:[signalfd]", "anon_inode:[pidfd]", "anon_inode:[io_uring]",
        "anon_inode:bpf-map", "anon_inode:[perf_event]", "anon_inode:[userfaultfd]",
        "anon_inode:[fanotify]", "anon_inode:kvm-vcpu:0", "anon_inode:", "anon_inode:[",
        "anon_inode:[eventfd", "net:[4026531833]", "something new"}) {
    CAPTURE(other);
    CHECK(KindByName(other) == FdKind::kOther);
  }
}

TEST_CASE("a path is not known by its name, whatever it looks like") {
  for (const char* path : {"/", "/tmp/socket:[1]", "/pipe:[1]", "/anon_inode:[eventfd]", ""}) {
    CAPTURE(path);
    CHECK_FALSE(KindByName(path).has_value());
  }
}

TEST_CASE("a path's kind is that of its file") {
  CHECK(KindByFile("/run/x.sock", {S_IFSOCK, 1}) == FdKind::kSocket);
  CHECK(KindByFile("/run/x.fifo", {S_IFIFO, 1}) == FdKind::kPipe);
  CHECK(KindByFile("/run/x.fifo (deleted)", {S_IFIFO, 0}) == FdKind::kPipe);
  CHECK(KindByFile("/dev/null", {S_IFCHR, 1}) == FdKind::kDevice);
  CHECK(KindByFile("/srv/disk", {S_IFBLK, 1}) == FdKind::kDevice);
  CHECK(KindByFile("/tmp", {S_IFDIR, 10}) == FdKind::kOther);
  CHECK(KindByFile("/tmp/gone (deleted)", {S_IFDIR, 0}) == FdKind::kOther);
  CHECK(KindByFile("/tmp/link", {S_IFLNK, 1}) == FdKind::kOther);
  CHECK(KindByFile("/dmabuf:", {0, 1}) == FdKind::kOther);
  CHECK(KindByFile("/dev/shm/cache", kNamed) == FdKind::kRegular);
}

TEST_CASE("a file is deleted when it has no name and its path says so") {
  CHECK(KindByFile("/var/log/app.log", kNamed) == FdKind::kRegular);
  CHECK(KindByFile("/var/log/app.log (deleted)", kNameless) == FdKind::kDeleted);
  // Another name is left, or this is its name.
  CHECK(KindByFile("/var/log/app.log (deleted)", kNamed) == FdKind::kRegular);
  // A file system in user space that counts no links.
  CHECK(KindByFile("/mnt/bucket/object", kNameless) == FdKind::kRegular);
  // A path that is too long to be told.
  CHECK(KindByFile("", kNameless) == FdKind::kDeleted);
  CHECK(KindByFile("", kNamed) == FdKind::kRegular);
}

TEST_CASE("memory files are told from deleted files") {
  CHECK(KindByFile("/memfd:arena (deleted)", kNameless) == FdKind::kMemfd);
  CHECK(KindByFile("/memfd:two\nlines (deleted)", kNameless) == FdKind::kMemfd);
  CHECK(KindByFile("/secretmem (deleted)", kNamed) == FdKind::kMemfd);
  CHECK(KindByFile("/memfd:file", kNamed) == FdKind::kRegular);
  CHECK(KindByFile("/memfd:file (deleted)", kNamed) == FdKind::kRegular);
  CHECK(KindByFile("/tmp/memfd:file (deleted)", kNameless) == FdKind::kDeleted);
}

TEST_CASE("for want of the file the path's text decides") {
  CHECK(KindByPath("/var/log/app.log") == FdKind::kRegular);
  CHECK(KindByPath("/var/log/app.log (deleted)") == FdKind::kDeleted);
  CHECK(KindByPath("/var/log/app.log\n (deleted)") == FdKind::kDeleted);
  CHECK(KindByPath("/memfd:arena (deleted)") == FdKind::kMemfd);
  CHECK(KindByPath("/secretmem (deleted)") == FdKind::kMemfd);
  CHECK(KindByPath("/dev/pts/3") == FdKind::kDevice);
  CHECK(KindByPath("/dev/shm/cache") == FdKind::kRegular);
  CHECK(KindByPath("/dev/mqueue/jobs") == FdKind::kRegular);
  CHECK(KindByPath("/devices.txt") == FdKind::kRegular);
  CHECK(KindByPath("/dmabuf:buffer") == FdKind::kOther);
  CHECK(KindByPath("/") == FdKind::kOther);
  CHECK(KindByPath("") == FdKind::kOther);
}

TEST_CASE("targets are folded by their digits, and bounded") {
  CHECK(Folded("socket:[123456]") == "socket:[#]");
  CHECK(Folded("/data/2024-05-01/part-00017.log") == "/data/#-#-#/part-#.log");
  CHECK(Folded("7") == "#");
  CHECK(Folded("/tmp/#12 (deleted)") == "/tmp/## (deleted)");
  CHECK(Folded("").empty());
  CHECK(Folded("/a\n1\xff") == "/a\n#\xff");
  CHECK(Folded(std::string(4000, 'a')) == std::string(256, 'a'));
  CHECK(Folded(std::string(4000, '1')) == "#");
  CHECK(Folded(std::string(255, 'a') + "12b") == std::string(255, 'a') + '#');
  CHECK(Folded(std::string(256, 'a') + "12b") == std::string(256, 'a'));
}

}  // namespace memleak
