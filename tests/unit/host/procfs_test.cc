#include "exporter/host/procfs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "exporter/host/boot_clock.h"
#include "exporter/host/process/process_identity.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

// A child of this test that waits to be killed.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
  }
  ~Child() { End(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void End() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

size_t CountByListing(const std::string& directory) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a process that ends between two reads is gone, though its directory stays open") {
  Child child;
  ProcFs procfs("/proc");
  const PidDir pinned(procfs.fd(), child.pid());
  REQUIRE(pinned.status() == ReadStatus::kOk);
  FileReader reader;
  std::string_view text;
  REQUIRE(reader.Read(pinned.fd(), "stat", text) == ReadStatus::kOk);
  child.End();
  CHECK(reader.Read(pinned.fd(), "stat", text) == ReadStatus::kGone);
  CHECK(reader.Read(pinned.fd(), "status", text) == ReadStatus::kGone);
  uint64_t count = 0;
  bool truncated = false;
  CHECK(procfs.CountFds(pinned, count, truncated) == ReadStatus::kGone);
  CHECK(PidDir(procfs.fd(), 2'000'000'000).status() == ReadStatus::kGone);
}

TEST_CASE("the pids are listed in ascending order and hold this process") {
  ProcFs procfs("/proc");
  std::vector<int32_t> pids;
  for (int pass = 0; pass < 2; ++pass) {
    REQUIRE(procfs.ListPids(pids));
    CHECK(std::is_sorted(pids.begin(), pids.end()));
    CHECK(std::count(pids.begin(), pids.end(), getpid()) == 1);
  }
}

TEST_CASE("descriptors are counted as a listing of the fd directory counts them") {
  const Child child;
  ProcFs procfs("/proc");
  const PidDir pinned(procfs.fd(), child.pid());
  uint64_t count = 0;
  bool truncated = false;
  REQUIRE(procfs.CountFds(pinned, count, truncated) == ReadStatus::kOk);
  CHECK(count == CountByListing("/proc/" + std::to_string(child.pid()) + "/fd"));
}

TEST_CASE("elsewhere than on procfs the entries are counted, up to a cap") {
  ProcTree tree;
  TreeProcess process;
  process.pid = 7;
  process.fds = 5;
  tree.Put(process);
  ProcFs procfs(tree.path());
  CHECK_FALSE(procfs.fd_size_is_count());
  uint64_t count = 0;
  bool truncated = false;
  REQUIRE(procfs.CountFds(PidDir(procfs.fd(), 7), count, truncated) == ReadStatus::kOk);
  CHECK(count == 5);
  CHECK_FALSE(truncated);

  for (uint64_t i = 5; i <= ProcFs::kMaxCountedFds; ++i) {
    const std::string name = (tree.ProcessPath(7) / "fd" / std::to_string(i)).string();
    REQUIRE(symlink("x", name.c_str()) == 0);
  }
  REQUIRE(procfs.CountFds(PidDir(procfs.fd(), 7), count, truncated) == ReadStatus::kOk);
  CHECK(truncated);
}

TEST_CASE("a folder that is no proc tree is refused with its name") {
  const std::string path = std::filesystem::temp_directory_path().string();
  CHECK_THROWS_AS(ProcFs("/nonexistent"), std::system_error);
  CHECK_THROWS_WITH(ProcFs(path), ContainsText(path + " is not a proc file system"));
}

TEST_CASE("a FIFO in place of a fast file does not block the pass") {
  ProcTree tree;
  tree.Put({});
  std::filesystem::remove(tree.ProcessPath(1) / "stat");
  REQUIRE(mkfifo((tree.ProcessPath(1) / "stat").c_str(), 0600) == 0);
  ProcFs procfs(tree.path());
  FileReader reader;
  std::string_view text = "left over";
  CHECK(reader.Read(PidDir(procfs.fd(), 1).fd(), "stat", text) == ReadStatus::kOk);
  CHECK(text.empty());
}

TEST_CASE("a file larger than the buffer is read whole, up to the given limit") {
  ProcTree tree;
  const std::string large(100'000, 'x');
  tree.Write("large", large);
  ProcFs procfs(tree.path());
  FileReader reader;
  std::string_view text;
  REQUIRE(reader.Read(procfs.fd(), "large", text) == ReadStatus::kOk);
  CHECK(text == large);
  REQUIRE(reader.Read(procfs.fd(), "large", text, 70'000) == ReadStatus::kOk);
  CHECK(text.size() == 70'000);
  CHECK(reader.Read(procfs.fd(), "missing", text) == ReadStatus::kGone);
}

TEST_CASE("the clock of a tree is the tree's") {
  ProcTree tree;
  tree.SetUptime(5000.25);
  ProcFs procfs(tree.path());
  BootClock clock(procfs);
  const PassTime now = clock.Now();
  CHECK(now.boot_time == 1'700'000'000);
  CHECK(now.uptime == Approx(5000.25));
  CHECK(now.StartTime(250'000) == Approx(1'700'002'500));
  CHECK(now.Age(250'000) == Approx(2500.25));

  tree.Write("stat", "cpu 1 2 3\n");
  CHECK_THROWS_WITH(BootClock(procfs), ContainsText("btime"));
}

TEST_CASE("an identity is read of the process that was meant") {
  ProcTree tree;
  TreeProcess process;
  process.pid = 9;
  process.exe = "/opt/app/bin/server (deleted)";
  process.cmdline = std::string("server\0--token=x\0", 17);
  tree.Put(process);
  ProcFs procfs(tree.path());

  const ProcessIdentity identity = ReadProcessIdentity(procfs.fd(), 9, process.start_ticks, false);
  CHECK(identity.exe == "/opt/app/bin/server");
  CHECK(identity.cmdline == process.cmdline);
  CHECK_FALSE(identity.cmdline_truncated);
  CHECK(identity.executable == Executable::kUnknown);

  const ProcessIdentity reused =
      ReadProcessIdentity(procfs.fd(), 9, process.start_ticks + 1, false);
  CHECK(reused.exe_status == ReadStatus::kGone);
  CHECK(reused.exe.empty());
  CHECK(reused.cmdline.empty());

  process.cmdline = std::string(kMaxCmdlineBytes + 10, 'a');
  tree.Put(process);
  const ProcessIdentity large = ReadProcessIdentity(procfs.fd(), 9, process.start_ticks, false);
  CHECK(large.cmdline.size() == kMaxCmdlineBytes);
  CHECK(large.cmdline_truncated);
}

}  // namespace memleak
