#include "exporter/host/kernel_log/klog_calls.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

constexpr size_t kAllLines = 1000;

// The kernel's ring as the klog calls show it: what does not fit into the caller's buffer is left
// out at the beginning.
class Ring {
 public:
  void Print(const std::string& line) { lines_.push_back(line + "\n"); }
  void Drop(size_t lines) {
    lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(lines));
  }
  void Clear() { lines_.clear(); }
  void Refuse(int error) { error_ = error; }
  size_t copies() const { return copies_; }
  void SetSize(int bytes) { size_ = bytes; }

  KlogCalls::Call Calls() {
    return [this](int action, char* buffer, int size) { return Call(action, buffer, size); };
  }

 private:
  int Call(int action, char* buffer, int size) {
    if (error_ != 0) {
      errno = error_;
      return -1;
    }
    if (action == 10) return size_;
    // Any other action would change the log for others.
    if (action != 3) std::abort();
    ++copies_;
    auto room = static_cast<size_t>(size);
    auto first = lines_.end();
    while (first != lines_.begin() && std::prev(first)->size() <= room) {
      --first;
      room -= first->size();
    }
    char* end = buffer;
    for (; first != lines_.end(); ++first) end = std::copy(first->begin(), first->end(), end);
    return static_cast<int>(end - buffer);
  }

  std::deque<std::string> lines_;
  int size_ = 4096;
  int error_ = 0;
  size_t copies_ = 0;
};

std::vector<std::string> Told(KlogCalls& calls, std::optional<uint64_t> kills = std::nullopt,
                              size_t max_lines = kAllLines) {
  std::vector<std::string> told;
  REQUIRE(calls.Read(kills, max_lines, [&](const KernelMessage& message) {
    CHECK(message.part == KernelMessage::Part::kLine);
    told.emplace_back(message.text);
  }));
  return told;
}

using Lines = std::vector<std::string>;

TEST_CASE("the klog calls hand over what the kernel wrote, each line once") {
  Ring ring;
  KlogCalls calls(ring.Calls());
  CHECK(calls.Probe());
  ring.Print("<6>[    1.000000] one");
  ring.Print("<12>[    1.000000] of user space");
  ring.Print("no line of the kernel's");
  ring.Print("<3>[    2.000000] two");
  CHECK(Told(calls) == Lines{"one", "two"});
  CHECK(Told(calls).empty());
  ring.Print("<3>[    3.000000] three");
  CHECK(Told(calls) == Lines{"three"});
  ring.Drop(2);
  ring.Print("<3>[    4.000000] four");
  ring.Drop(2);
  ring.Print("<3>[    5.000000] five");
  CHECK(Told(calls) == Lines{"four", "five"});
  CHECK(calls.lost() == 0);
}

TEST_CASE("the time of a line of the klog calls is 0 where the kernel notes none") {
  Ring ring;
  KlogCalls calls(ring.Calls());
  ring.Print("<6>[   12.500000] one");
  ring.Print("<6>two");
  std::vector<double> seconds;
  calls.Read(std::nullopt, kAllLines,
             [&](const KernelMessage& message) { seconds.push_back(message.seconds); });
  CHECK(seconds == std::vector<double>{12.5, 0});
}

TEST_CASE("equal lines and equal times are told as often as they are printed") {
  for (const char* line : {"<6>same", "<6>[    1.000000] same"}) {
    INFO(line);
    Ring ring;
    KlogCalls calls(ring.Calls());
    ring.Print("<6>[    0.000000] first");
    ring.Print(line);
    CHECK(Told(calls).size() == 2);
    ring.Print(line);
    ring.Print(line);
    CHECK(Told(calls).size() == 2);
    CHECK(Told(calls).empty());
    ring.Print("<6>[    1.000000] other");
    ring.Print(line);
    CHECK(Told(calls) == Lines{"other", "same"});
    // Of another moment than the lines behind it: a clock may go back between two CPUs.
    ring.Print("<6>[    0.900000] earlier");
    ring.Drop(3);
    CHECK(Told(calls) == Lines{"earlier"});
    CHECK(calls.lost() == 0);
  }
}

TEST_CASE("what was overwritten unseen is counted once") {
  Ring ring;
  KlogCalls calls(ring.Calls());
  ring.Print("<6>[    1.000000] one");
  CHECK(Told(calls).size() == 1);
  ring.Clear();
  ring.Print("<6>[    3.000000] three");
  CHECK(Told(calls) == Lines{"three"});
  CHECK(calls.lost() == 1);
  CHECK(Told(calls).empty());
  CHECK(calls.lost() == 1);
}

TEST_CASE("the log is only copied when the count of kills has changed, and once more") {
  Ring ring;
  KlogCalls calls(ring.Calls());
  Told(calls, 5);
  CHECK(ring.copies() == 1);
  Told(calls, 5);
  CHECK(ring.copies() == 2);
  Told(calls, 5);
  Told(calls, 5);
  CHECK(ring.copies() == 2);
  // The count is raised before the message is printed.
  CHECK(Told(calls, 6).empty());
  ring.Print("<3>[    1.000000] kill");
  CHECK(Told(calls, 6) == Lines{"kill"});
  ring.Print("<3>[    2.000000] no kill");
  CHECK(Told(calls, 6).empty());
  CHECK(ring.copies() == 4);
  CHECK(Told(calls, 7) == Lines{"no kill"});
  // Unknown.
  for (size_t copies = 6; copies < 10; ++copies) {
    Told(calls);
    CHECK(ring.copies() == copies);
  }
}

TEST_CASE("a refusal of the klog calls is passed on, and nothing is missed after it") {
  Ring ring;
  KlogCalls calls(ring.Calls());
  ring.Print("<6>[    1.000000] one");
  CHECK(Told(calls, 1) == Lines{"one"});
  ring.Refuse(EPERM);
  CHECK_FALSE(calls.Probe());
  CHECK_FALSE(calls.Read(2, kAllLines, [](const KernelMessage&) { FAIL("told something"); }));
  CHECK(errno == EPERM);
  ring.Refuse(0);
  ring.Print("<6>[    2.000000] two");
  CHECK(Told(calls, 2) == Lines{"two"});
}

TEST_CASE("a flood of lines is told in parts, without a new kill") {
  Ring ring;
  KlogCalls calls(ring.Calls());
  ring.Print("<6>[    0.000000] before");
  Told(calls, 1);
  Told(calls, 1);
  Lines printed;
  for (int i = 0; i < 25; ++i) {
    printed.push_back(std::to_string(i));
    ring.Print("<6>[    1.000000] " + printed.back());
  }
  Lines told;
  for (const size_t part : {10u, 10u, 5u, 0u, 0u}) {
    const Lines more = Told(calls, 2, 10);
    CHECK(more.size() == part);
    told.insert(told.end(), more.begin(), more.end());
  }
  CHECK(told == printed);
  const size_t copies = ring.copies();
  Told(calls, 2, 10);
  CHECK(ring.copies() == copies);
}

TEST_CASE("a log that is printed longer than the ring's size is copied whole") {
  Ring ring;
  ring.SetSize(4096);
  KlogCalls calls(ring.Calls());
  const size_t lines = 40'000;
  for (size_t i = 0; i < lines; ++i) ring.Print("<6>[    1.000000] " + std::to_string(i));
  CHECK(Told(calls, std::nullopt, 2 * lines).size() == lines);
  CHECK(Told(calls, std::nullopt, 2 * lines).empty());
  CHECK(calls.lost() == 0);
}

TEST_CASE("an unchanged log costs no memory to read again") {
  Ring ring;
  for (int i = 0; i < 1000; ++i) ring.Print("<6>[    1.000000] " + std::to_string(i));
  KlogCalls calls(ring.Calls());
  size_t messages = 0;
  const std::function<void(const KernelMessage&)> visit = [&](const KernelMessage&) { ++messages; };
  for (int i = 0; i < 3; ++i) calls.Read(std::nullopt, kAllLines, visit);
  const size_t allocations = AllocationsOfThisThread();
  for (int i = 0; i < 3; ++i) calls.Read(std::nullopt, kAllLines, visit);
  const size_t more = AllocationsOfThisThread() - allocations;
  CHECK(more == 0);
  CHECK(messages == 1000);
}

TEST_CASE("where a copy goes on is found as by trying all places") {
  // Few different lines, so that many places look alike.
  uint32_t state = 1;
  const auto random = [&](uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> copies[2];
    for (auto& copy : copies) {
      for (uint32_t lines = random(12); lines > 0; --lines) {
        copy.push_back(std::to_string(random(2)));
      }
    }
    SeenLines seen;
    for (const auto& copy : copies) {
      seen.Begin();
      for (const std::string& line : copy) seen.Add(line);
      if (&copy == &copies[0]) seen.End(copy.size());
    }
    const auto& [before, now] = copies;
    size_t expected = 0;
    for (size_t length = 1; length <= std::min(before.size(), now.size()); ++length) {
      if (std::equal(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(length),
                     before.end() - static_cast<std::ptrdiff_t>(length))) {
        expected = length;
      }
    }
    REQUIRE(seen.Compare() == expected);
  }
}

}  // namespace
}  // namespace memleak
