// The two programs of deploy/demo.sh: both take 50 KiB every 50 ms, as a server does that remembers
// what it was asked.
//
//   program leaking    forgets all of it and never frees it, up to 512 MiB: the machine is not to
//   suffer program innocent   keeps the last 64 MiB and frees what is older
#include <chrono>
#include <cstddef>
#include <deque>
#include <iostream>
#include <memory>
#include <string_view>
#include <thread>

namespace {

using Answer = std::unique_ptr<char[]>;

constexpr size_t kAnswerBytes = 50 * 1024;
constexpr size_t kMostLeaked = size_t{512} << 20;
constexpr size_t kMostKept = size_t{64} << 20;
constexpr std::chrono::milliseconds kPause{50};

// Written to: memory that nobody has touched is none.
Answer NewAnswer() { return std::make_unique<char[]>(kAnswerBytes); }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 2 ? argv[1] : "";
  if (kind != "leaking" && kind != "innocent") {
    std::cerr << "usage: program leaking | innocent\n";
    return 2;
  }
  std::deque<Answer> answers;
  const bool leaking = kind == "leaking";
  const size_t most = (leaking ? kMostLeaked : kMostKept) / kAnswerBytes;
  while (!leaking && answers.size() < most) answers.push_back(NewAnswer());
  while (true) {
    if (answers.size() < most || !leaking) answers.push_back(NewAnswer());
    if (answers.size() > most) answers.pop_front();
    std::this_thread::sleep_for(kPause);
  }
}
