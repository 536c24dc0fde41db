#include "exporter/host/evidence/fd_kinds.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>
#include <thread>

#include "exporter/host/procfs.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

using std::chrono::steady_clock;
constexpr EvidenceDeadline kNoDeadline = EvidenceDeadline::max();

void CloseAll() {
  // close_range(2) is younger than the oldest kernels.
  for (int fd = 0; fd < 1024; ++fd) close(fd);
}

// A child that has exactly those descriptors which `open` opens, and waits to be killed.
class Child {
 public:
  template <typename Open>
  explicit Child(const Open& open) : pid_(fork()) {
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      CloseAll();
      if (!open()) _exit(1);
      static_cast<void>(raise(SIGSTOP));
      for (;;) pause();
    }
    int status = 0;
    REQUIRE(waitpid(pid_, &status, WUNTRACED) == pid_);
    REQUIRE(WIFSTOPPED(status));
    directory_.emplace(procfs_.fd(), pid_);
    REQUIRE(directory_->status() == ReadStatus::kOk);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    if (!reaped_) waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int directory() const { return directory_->fd(); }

  // Ends it; what is left is a zombie until it is reaped.
  void End() const {
    kill(pid_, SIGKILL);
    siginfo_t info;
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0);
  }
  void Reap() {
    REQUIRE(waitpid(pid_, nullptr, 0) == pid_);
    reaped_ = true;
  }

 private:
  ProcFs procfs_{"/proc"};
  const pid_t pid_;
  bool reaped_ = false;
  std::optional<PidDir> directory_;
};

// A folder of this host, on a file system that keeps files.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "memleak-fds-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string At(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

int Create(const std::string& path) { return open(path.c_str(), O_RDWR | O_CREAT, 0600); }

// So many descriptors of a device.
bool OpenDevices(int count) {
  for (int i = 0; i < count; ++i) {
    if (open("/dev/null", O_RDONLY) < 0) return false;
  }
  return true;
}

uint64_t Counted(const FdKinds& kinds) {
  return std::accumulate(kinds.counts.begin(), kinds.counts.end(), uint64_t{0});
}

// Raises the limit of descriptors as far as it may be raised.
bool AllowMany() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

TEST_CASE("descriptors of a live process are counted by what they are") {
  const Folder folder;
  const Child child([&] {
    int pair[2];
    bool good = socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pair) == 0;
    good = good && socket(AF_INET, SOCK_DGRAM, 0) >= 0;
    good = good && mkfifo(folder.At("fifo").c_str(), 0600) == 0 &&
           open(folder.At("fifo").c_str(), O_RDWR) >= 0;
    good = good && Create(folder.At("plain")) >= 0 && Create(folder.At("x (deleted)")) >= 0 &&
           Create(folder.At("two\nlines (deleted)")) >= 0;
    good = good && Create(folder.At("gone")) >= 0 && unlink(folder.At("gone").c_str()) == 0;
    good = good && Create(folder.At("one")) >= 0 &&
           link(folder.At("one").c_str(), folder.At("other").c_str()) == 0 &&
           unlink(folder.At("one").c_str()) == 0;
    good = good && eventfd(0, 0) >= 0 && epoll_create1(0) >= 0 && inotify_init1(0) >= 0 &&
           timerfd_create(CLOCK_MONOTONIC, 0) >= 0;
    good = good && memfd_create("memory\n1", 0) >= 0;
    good = good && open("/dev/null", O_RDONLY) >= 0 && open("/dev/null", O_PATH) >= 0;
    return good && open("/", O_RDONLY) >= 0 && open("/proc/self/ns/net", O_RDONLY) >= 0;
  });
  FdKinds kinds;
  REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds) == EvidenceResult::kOk);
  CHECK(kinds.Of(FdKind::kSocket) == 3);
  CHECK(kinds.Of(FdKind::kPipe) == 3);
  CHECK(kinds.Of(FdKind::kRegular) == 4);
  CHECK(kinds.Of(FdKind::kDeleted) == 1);
  CHECK(kinds.Of(FdKind::kEventfd) == 1);
  CHECK(kinds.Of(FdKind::kEventpoll) == 1);
  CHECK(kinds.Of(FdKind::kTimerfd) == 1);
  CHECK(kinds.Of(FdKind::kInotify) == 1);
  CHECK(kinds.Of(FdKind::kMemfd) == 1);
  CHECK(kinds.Of(FdKind::kDevice) == 2);
  CHECK(kinds.Of(FdKind::kOther) == 2);
  CHECK(kinds.uncounted == 0);
  REQUIRE(kinds.targets.size() == FdKinds::kMaxTargets);
  CHECK(kinds.targets[0].name == "socket:[#]");
  CHECK(kinds.targets[0].count == 3);
  // As many of one as of the other: by name.
  CHECK(kinds.targets[1].name == "/dev/null");
  CHECK(kinds.targets[2].name == "pipe:[#]");
}

TEST_CASE("a path that is longer than the kernel tells has the kind of its file") {
  const Folder folder;
  const Child child([&] {
    // Deeper than a path can say, step by step.
    const std::string name(250, 'd');
    if (chdir(folder.At("").c_str()) != 0) return false;
    for (int i = 0; i < 20; ++i) {
      if (mkdir(name.c_str(), 0700) != 0 || chdir(name.c_str()) != 0) return false;
    }
    return Create("named") >= 0 && Create("gone") >= 0 && unlink("gone") == 0;
  });
  FdKinds kinds;
  REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds) == EvidenceResult::kOk);
  CHECK(kinds.Of(FdKind::kRegular) == 1);
  CHECK(kinds.Of(FdKind::kDeleted) == 1);
  CHECK(kinds.targets.empty());
}

TEST_CASE("of too many descriptors the newest are counted, and all others are uncounted") {
  // 100 in one piece, then 20 sockets: more than those are not looked at.
  const Child child([] {
    bool good = OpenDevices(100);
    for (int i = 0; i < 20; ++i) good = good && socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
    return good;
  });
  FdKinds kinds;
  REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds, 25) == EvidenceResult::kCut);
  CHECK(kinds.Of(FdKind::kSocket) == 20);
  CHECK(kinds.Of(FdKind::kDevice) == 5);
  CHECK(Counted(kinds) == 25);
  CHECK(kinds.uncounted == 95);
  REQUIRE(kinds.targets.size() == 2);
  CHECK(kinds.targets[0].name == "socket:[#]");
  CHECK(kinds.targets[1].count == 5);

  REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds, 119) == EvidenceResult::kCut);
  CHECK(kinds.uncounted == 1);
  REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds, 120) == EvidenceResult::kOk);
  CHECK(kinds.Of(FdKind::kDevice) == 100);
  CHECK(kinds.uncounted == 0);
}

TEST_CASE("the newest are found across gaps in the numbers") {
  const Child child([] {
    bool good = OpenDevices(40);
    good = good && dup2(eventfd(0, 0), 900) == 900 && close(40) == 0;
    good = good && dup2(socket(AF_UNIX, SOCK_STREAM, 0), 500) == 500 && close(40) == 0;
    return good && dup2(epoll_create1(0), 700) == 700 && close(40) == 0;
  });
  FdKinds kinds;
  for (const uint64_t most : {1u, 2u, 3u, 4u, 42u}) {
    CAPTURE(most);
    REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds, most) == EvidenceResult::kCut);
    CHECK(kinds.Of(FdKind::kEventfd) == 1);
    CHECK(kinds.Of(FdKind::kEventpoll) == (most > 1 ? 1 : 0));
    CHECK(kinds.Of(FdKind::kSocket) == (most > 2 ? 1 : 0));
    CHECK(kinds.Of(FdKind::kDevice) == (most > 3 ? most - 3 : 0));
    CHECK(kinds.uncounted == 43 - most);
  }
}

TEST_CASE("as many are counted as the cap says, of a process that has thousands more") {
  constexpr int kOpen = 9'000;
  const Child child([] { return AllowMany() && OpenDevices(kOpen - 1) && eventfd(0, 0) >= 0; });
  FdKinds kinds;
  REQUIRE(ReadFdKinds(child.directory(), kNoDeadline, kinds) == EvidenceResult::kCut);
  CHECK(Counted(kinds) == FdKinds::kMaxCounted);
  CHECK(kinds.Of(FdKind::kEventfd) == 1);
  CHECK(kinds.uncounted == kOpen - FdKinds::kMaxCounted);
}

TEST_CASE("what was not read in time is uncounted, never the newest") {
  constexpr uint64_t kNewest = 256;
  constexpr uint64_t kOpen = 744 + kNewest;
  const Child child([] {
    bool good = OpenDevices(kOpen - kNewest);
    for (uint64_t i = 0; i < kNewest; ++i) good = good && eventfd(0, 0) >= 0;
    return good;
  });
  FdKinds kinds;
  CHECK(ReadFdKinds(child.directory(), steady_clock::now(), kinds) == EvidenceResult::kLate);
  // However far it comes, everything is somewhere. Deadlines grow until one falls between.
  bool cut = false;
  for (int i = 0; i < 2'000 && !cut; ++i) {
    const auto patience = std::chrono::microseconds(16 * (1 + i % 1'000));
    const EvidenceResult result =
        ReadFdKinds(child.directory(), steady_clock::now() + patience, kinds);
    if (result == EvidenceResult::kLate) continue;
    cut = result == EvidenceResult::kCut;
    CHECK(result == (kinds.uncounted > 0 ? EvidenceResult::kCut : EvidenceResult::kOk));
    CHECK(kinds.Of(FdKind::kEventfd) == kNewest);
    CHECK(Counted(kinds) + kinds.uncounted == kOpen);
  }
  CHECK(cut);
}

TEST_CASE("descriptors that close while we read are skipped") {
  const ProcFs procfs("/proc");
  const PidDir self(procfs.fd(), getpid());
  FdKinds before;
  REQUIRE(ReadFdKinds(self.fd(), kNoDeadline, before) == EvidenceResult::kOk);
  constexpr size_t kMost = 100;
  std::atomic<bool> over = false;
  std::thread churn([&] {
    std::array<int, kMost> fds{};
    while (!over) {
      for (int& fd : fds) fd = eventfd(0, EFD_CLOEXEC);
      for (const int fd : fds) close(fd);
    }
  });
  FdKinds kinds;
  bool good = true;
  for (int i = 0; i < 300; ++i) {
    good = good && ReadFdKinds(self.fd(), kNoDeadline, kinds) == EvidenceResult::kOk &&
           kinds.Of(FdKind::kEventfd) <= before.Of(FdKind::kEventfd) + kMost &&
           Counted(kinds) - kinds.Of(FdKind::kEventfd) ==
               Counted(before) - before.Of(FdKind::kEventfd);
  }
  over = true;
  churn.join();
  CHECK(good);
}

TEST_CASE("a process that ended has no descriptors of any kind") {
  Child child([] { return OpenDevices(10); });
  FdKinds kinds;
  child.End();
  CHECK(ReadFdKinds(child.directory(), kNoDeadline, kinds) == EvidenceResult::kGone);
  child.Reap();
  CHECK(ReadFdKinds(child.directory(), kNoDeadline, kinds) == EvidenceResult::kGone);
}

TEST_CASE("a process without a single descriptor is alive all the same") {
  const Child child([] { return true; });
  FdKinds kinds;
  CHECK(ReadFdKinds(child.directory(), kNoDeadline, kinds) == EvidenceResult::kOk);
  CHECK(Counted(kinds) == 0);
  CHECK(kinds.targets.empty());
}

TEST_CASE("what another user's or a more powerful process has is denied") {
  if (geteuid() != 0) return;
  const Child child([] { return OpenDevices(10); });
  const auto result_after = [&](auto&& drop) {
    const pid_t reader = fork();
    if (reader == 0) {
      if (!drop()) _exit(100);
      FdKinds kinds;
      _exit(static_cast<int>(ReadFdKinds(child.directory(), kNoDeadline, kinds)));
    }
    int status = 0;
    REQUIRE(waitpid(reader, &status, 0) == reader);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
  };
  const int denied = static_cast<int>(EvidenceResult::kDenied);
  CHECK(result_after([] {
          return setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0;
        }) == denied);
  // The same user's: the folder may be listed, the links may not be read.
  CHECK(result_after([] {
          __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
          __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
          return syscall(SYS_capset, &header, none) == 0;
        }) == denied);
}

TEST_CASE("when we have no descriptor left, that says nothing of the process") {
  const Child child([] { return OpenDevices(10); });
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit none = limit;
  none.rlim_cur = 0;
  FdKinds kinds;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const EvidenceResult result = ReadFdKinds(child.directory(), kNoDeadline, kinds);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(result == EvidenceResult::kLate);
}

TEST_CASE("the links of a copied tree are not followed") {
  ProcTree tree;
  TreeProcess process;
  process.fds = 0;
  tree.Put(process);
  const Folder folder;
  const std::string links[] = {"socket:[1]",      "pipe:[2]",        "anon_inode:[eventfd]",
                               folder.At(""),     "/proc",           "/tmp/x (deleted)",
                               "/dev/null",       "/dev/pts/1",      "/memfd:m (deleted)",
                               "anon_inode:[io]", "/var/log/x.1.log"};
  int number = 0;
  for (const std::string& link : links) {
    const auto path = tree.ProcessPath(1) / "fd" / std::to_string(number++);
    std::filesystem::create_symlink(link, path);
  }
  tree.Write(tree.ProcessPath(1) / "fd" / "70", "no link");
  const ProcFs procfs(tree.path());
  const PidDir directory(procfs.fd(), 1);
  FdKinds kinds;
  REQUIRE(ReadFdKinds(directory.fd(), kNoDeadline, kinds) == EvidenceResult::kOk);
  CHECK(kinds.Of(FdKind::kSocket) == 1);
  CHECK(kinds.Of(FdKind::kPipe) == 1);
  CHECK(kinds.Of(FdKind::kEventfd) == 1);
  // Were it followed, /proc would be a folder. The other one ends in a slash.
  CHECK(kinds.Of(FdKind::kRegular) == 2);
  CHECK(kinds.Of(FdKind::kDeleted) == 1);
  CHECK(kinds.Of(FdKind::kDevice) == 2);
  CHECK(kinds.Of(FdKind::kMemfd) == 1);
  CHECK(kinds.Of(FdKind::kOther) == 3);

  // Listed in any order, and yet the highest are kept.
  REQUIRE(ReadFdKinds(directory.fd(), kNoDeadline, kinds, 3) == EvidenceResult::kCut);
  CHECK(kinds.Of(FdKind::kRegular) == 1);
  CHECK(kinds.Of(FdKind::kOther) == 2);
  CHECK(kinds.uncounted == 9);

  tree.Remove(1);
  CHECK(ReadFdKinds(directory.fd(), kNoDeadline, kinds) == EvidenceResult::kGone);
}

}  // namespace memleak
