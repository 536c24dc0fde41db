#include "exporter/host/kernel_log/kernel_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "exporter/host/kernel_log/kmsg_device.h"
#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

using State = KernelLog::State;
using Lines = std::vector<std::string>;

// What reads of a device return, one after another, and then that there is no more.
class Reads {
 public:
  Reads& Record(const std::string& record) {
    reads_.push_back({record + "\n", 0});
    return *this;
  }
  Reads& Error(int error) {
    reads_.push_back({"", error});
    return *this;
  }
  size_t left() const { return reads_.size(); }

  KmsgDevice::ReadOne One() {
    return [this](char* buffer, size_t size) -> ssize_t {
      if (reads_.empty()) {
        errno = EAGAIN;
        return -1;
      }
      const auto [record, error] = reads_.front();
      reads_.pop_front();
      errno = error;
      if (error != 0) return -1;
      REQUIRE(record.size() <= size);
      record.copy(buffer, record.size());
      return static_cast<ssize_t>(record.size());
    };
  }

 private:
  struct Result {
    std::string record;
    int error;
  };
  std::deque<Result> reads_;
};

Lines Told(KmsgDevice& device, Reads& reads, size_t max_records = 1000) {
  Lines told;
  CHECK(device.Read(reads.One(), max_records,
                    [&](const KernelMessage& message) { told.emplace_back(message.text); }));
  return told;
}

TEST_CASE("the device hands over the kernel's own records, as they come") {
  KmsgDevice device;
  Reads reads;
  reads.Record("6,5,1,-;one").Record("12,6,1,-;of user space").Record("3,7,1,-;two\n KEY=value");
  CHECK(Told(device, reads) == Lines{"one", "two"});
  CHECK(Told(device, reads).empty());
  reads.Record("6,8,1,-;three");
  CHECK(Told(device, reads) == Lines{"three"});
  CHECK(device.lost() == 0);
}

TEST_CASE("what the device lost is counted by the numbers of the records") {
  KmsgDevice device;
  Reads reads;
  // Before the first record nothing is missed.
  reads.Error(EPIPE).Record("6,100,1,-;one").Record("6,101,1,-;two");
  CHECK(Told(device, reads) == Lines{"one", "two"});
  CHECK(device.lost() == 0);
  reads.Error(EPIPE).Record("6,152,1,-;three");
  CHECK(Told(device, reads) == Lines{"three"});
  CHECK(device.lost() == 50);
  // In the middle of a pass, and a record that is too long to be read.
  reads.Record("6,153,1,-;four").Error(EPIPE).Record("6,155,1,-;five");
  reads.Error(EINVAL).Record("6,157,1,-;six").Error(EINTR).Record("6,158,1,-;seven");
  CHECK(Told(device, reads) == Lines{"four", "five", "six", "seven"});
  CHECK(device.lost() == 52);
  // Nothing of a user's is lost without being counted, either.
  reads.Record("12,159,1,-;of user space").Record("6,160,1,-;eight");
  CHECK(Told(device, reads) == Lines{"eight"});
  CHECK(device.lost() == 52);
}

TEST_CASE("a device that never says that there is no more is left after a while") {
  KmsgDevice device;
  Reads reads;
  for (int i = 0; i < 25; ++i) reads.Record("6," + std::to_string(i) + ",1,-;text");
  CHECK(Told(device, reads, 10).size() == 10);
  CHECK(Told(device, reads, 10).size() == 10);
  CHECK(Told(device, reads, 10).size() == 5);
  for (int i = 0; i < 25; ++i) reads.Error(i % 2 == 0 ? EPIPE : EINVAL);
  CHECK(Told(device, reads, 10).empty());
  CHECK(reads.left() == 15);
}

TEST_CASE("a device that failed is opened again and tells nothing twice") {
  KmsgDevice device;
  Reads reads;
  reads.Record("6,1,1,-;one").Error(EIO);
  Lines told;
  const auto visit = [&](const KernelMessage& message) { told.emplace_back(message.text); };
  CHECK_FALSE(device.Read(reads.One(), 1000, visit));
  CHECK(errno == EIO);
  reads.Record("6,0,1,-;zero").Record("6,1,1,-;one").Record("6,2,1,-;two");
  CHECK(device.Read(reads.One(), 1000, visit));
  CHECK(told == Lines{"one", "two"});
  CHECK(device.lost() == 0);
}

Lines Told(KernelLog& log, bool expected = true) {
  Lines told;
  CHECK(log.Read(std::nullopt, [&](const KernelMessage& message) {
    told.emplace_back(message.text);
  }) == expected);
  return told;
}

TEST_CASE("a file of records is read once, and on as it grows") {
  TemporaryTree tree;
  const std::string path = tree.path() + "/kmsg";
  std::ofstream file(path);
  file << "6,5,1500000,-;one\n KEY=value\n12,6,1,-;of user space\n6,7,2000000,-;a\\x0ab\n6,8,1,-;h"
       << std::flush;
  KernelLog log(path, true);
  CHECK(log.state() == State::kRecording);
  CHECK(Told(log) == Lines{"one", "a\nb"});
  CHECK(Told(log).empty());
  file << "alf\n6,11,1,-;more\n" << std::flush;
  CHECK(Told(log) == Lines{"half", "more"});
  CHECK(log.lost() == 2);
  // A line of no end is passed over, whenever it ends.
  file << "6,12,1,-;" << std::string(100'000, 'x') << std::flush;
  CHECK(Told(log).empty());
  file << std::string(100'000, 'x') << "\n6,13,1,-;last\n" << std::flush;
  CHECK(Told(log) == Lines{"last"});
  CHECK(log.lost() == 3);
  CHECK(log.denied() == 0);

  const std::function<void(const KernelMessage&)> visit = [](const KernelMessage&) {};
  const size_t allocations = AllocationsOfThisThread();
  log.Read(std::nullopt, visit);
  const size_t more = AllocationsOfThisThread() - allocations;
  CHECK(more == 0);
}

TEST_CASE("a file of many records is read in parts") {
  TemporaryTree tree;
  std::string text;
  const size_t records = KernelLog::kMaxMessagesPerPass + 5;
  for (size_t i = 0; i < records; ++i) text += "6," + std::to_string(i) + ",1,-;text\n";
  tree.Write("kmsg", text);
  KernelLog log(tree.path() + "/kmsg", false);
  CHECK(Told(log).size() == KernelLog::kMaxMessagesPerPass);
  CHECK(Told(log).size() == 5);
  CHECK(log.lost() == 0);
}

TEST_CASE("where there is no log, there is none, until there is one") {
  TemporaryTree tree;
  const std::string path = tree.path() + "/kmsg";
  KernelLog log(path, false);
  CHECK(log.state() == State::kAbsent);
  CHECK(Told(log, false).empty());
  CHECK(log.denied() == 0);
  tree.Write("kmsg", "6,5,1,-;one\n");
  CHECK(Told(log) == Lines{"one"});
  CHECK(log.state() == State::kRecording);
}

TEST_CASE("what is neither the device nor a file is no log, and is not waited for") {
  TemporaryTree tree;
  REQUIRE(mkfifo((tree.path() + "/fifo").c_str(), 0600) == 0);
  for (const std::string& path : {tree.path() + "/fifo", tree.path(), std::string("/dev/null"),
                                  std::string("/dev/zero"), tree.path() + "/none/kmsg"}) {
    INFO(path);
    KernelLog log(path, false);
    CHECK(log.state() == State::kAbsent);
    CHECK(Told(log, false).empty());
    CHECK(log.denied() == 0);
  }
}

// Runs `check` in a child without privileges; returns what it returns.
int WithoutPrivileges(const std::function<int()>& check) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(100);
    _exit(check());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

TEST_CASE("a log that is refused is counted in each pass, and read as soon as it is not") {
  TemporaryTree tree;
  tree.Write("kmsg", "6,5,1,-;one\n");
  const std::string path = tree.path() + "/kmsg";
  REQUIRE(chmod(tree.path().c_str(), 0755) == 0);
  if (geteuid() == 0) REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
  REQUIRE(chmod(path.c_str(), 0) == 0);
  CHECK(WithoutPrivileges([&] {
          const auto visit = [](const KernelMessage&) {};
          KernelLog log(path, false);
          if (log.state() != State::kDenied || log.denied() != 0) return 1;
          if (log.Read(std::nullopt, visit) || log.denied() != 1) return 2;
          if (log.Read(std::nullopt, visit) || log.denied() != 2) return 3;
          if (chmod(path.c_str(), 0600) != 0) return 4;
          if (!log.Read(std::nullopt, visit) || log.denied() != 2) return 5;
          return log.state() == State::kRecording ? 0 : 6;
        }) == 0);
}

TEST_CASE("without privileges the kernel's log is read or refused, as the kernel has it") {
  int restricted = -1;
  std::ifstream("/proc/sys/kernel/dmesg_restrict") >> restricted;
  CHECK(WithoutPrivileges([&] {
          const auto visit = [](const KernelMessage&) {};
          KernelLog log("/dev/kmsg", true);
          const bool read = log.Read(std::nullopt, visit);
          const bool refused = log.state() == State::kDenied && log.denied() == 1;
          if (restricted == 1) return !read && refused ? 0 : 1;
          return read || refused || log.state() == State::kAbsent ? 0 : 2;
        }) == 0);
}

// Writes a line of a user into the log, and returns whether `log` has it.
bool HasAUsersLine(const std::string& path, bool calls) {
  // As if it were the kernel's.
  const std::string text = "memleak test " + std::to_string(getpid()) + (calls ? " calls" : "");
  {
    const UniqueFd device(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
    const std::string line = "<3>" + text;
    if (device) REQUIRE(write(device.get(), line.data(), line.size()) > 0);
  }
  KernelLog log(path, calls);
  const Lines told = Told(log);
  return std::any_of(told.begin(), told.end(), [&](const std::string& message) {
    return message.find(text) != std::string::npos;
  });
}

TEST_CASE("the kernel's log is read from its device") {
  KernelLog log("/dev/kmsg", false);
  if (log.state() != State::kDevice) {
    WARN("the device is not there or is refused: not tried");
    return;
  }
  double last = 0;
  size_t messages = 0;
  CHECK(log.Read(std::nullopt, [&](const KernelMessage& message) {
    last = message.seconds;
    ++messages;
  }));
  CHECK(messages > 0);
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  CHECK(last <= static_cast<double>(now.tv_sec + 1));
  CHECK_FALSE(HasAUsersLine("/dev/kmsg", false));
  CHECK(log.lost() == 0);
  CHECK(log.denied() == 0);

  const std::function<void(const KernelMessage&)> visit = [](const KernelMessage&) {};
  log.Read(std::nullopt, visit);
  const size_t allocations = AllocationsOfThisThread();
  log.Read(std::nullopt, visit);
  const size_t more = AllocationsOfThisThread() - allocations;
  CHECK(more == 0);
}

TEST_CASE("the kernel's log is read by its calls where the device is not to be had") {
  TemporaryTree tree;
  for (const std::string& path : {tree.path() + "/kmsg", std::string("/dev/null")}) {
    KernelLog log(path, true);
    if (log.state() != State::kCalls) {
      WARN("the calls are refused: not tried");
      return;
    }
    const size_t messages = Told(log).size();
    CHECK(messages > 0);
    CHECK(Told(log).size() < messages);
    CHECK_FALSE(HasAUsersLine(path, true));
    CHECK(log.lost() == 0);
  }
}

}  // namespace
}  // namespace memleak
