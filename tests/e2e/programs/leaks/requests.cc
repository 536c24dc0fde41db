// A server in miniature, and what it does to private memory at each request.
//
//   requests KIND SCHEDULE BYTES [COUNT]
//
// SCHEDULE (see pace.h) is requests per second; each costs half a millisecond of CPU.
//   leak        forgets BYTES at each request
//   timer-leak  forgets BYTES a second beside its requests, which leave nothing behind
//   cache       keeps an entry of BYTES for each of COUNT keys, which are asked for at random
//   bounded     keeps BYTES for each of the first COUNT requests; fails when the schedule is over
//   pool        SCHEDULE is connections: each holds BYTES and costs 0.2 % of a CPU while it is open
//   page-out    holds COUNT blocks of BYTES; each request tells the kernel to swap one out
#include <sys/mman.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pace.h"

namespace memleak {
namespace {

constexpr double kRequestCpu = 0.0005;
constexpr double kConnectionCpu = 0.002;

struct Arguments {
  Schedule schedule;
  size_t bytes = 0;
  size_t count = 0;
};

// The one before it is lost.
char* volatile last_answer = nullptr;

void Forget(size_t size) { last_answer = Fill(new char[size], size); }

using Block = std::unique_ptr<char[]>;

Block NewBlock(size_t size) {
  Block block(new char[size]);
  Fill(block.get(), size);
  return block;
}

// Memory that the kernel has back at once when it is freed.
class Pages {
 public:
  explicit Pages(size_t size)
      : size_(size),
        memory_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) Die("mmap");
    // Whole pages of 4 KiB: a huge one would be more than was asked for.
    madvise(memory_, size_, MADV_NOHUGEPAGE);
    Fill(static_cast<char*>(memory_), size_);
  }
  Pages(Pages&& other) noexcept
      : size_(other.size_), memory_(std::exchange(other.memory_, nullptr)) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  Pages& operator=(Pages&&) = delete;
  ~Pages() {
    if (memory_ != nullptr) munmap(memory_, size_);
  }

  void SwapOut() { madvise(memory_, size_, MADV_PAGEOUT); }

 private:
  size_t size_;
  void* memory_;
};

template <typename Work>
int Serve(const Arguments& arguments, Work work) {
  Requests requests(arguments.schedule);
  Pace pace;
  while (pace.Wait()) {
    for (long due = requests.Due(pace.seconds()); due > 0; --due) {
      Burn(kRequestCpu);
      work();
    }
  }
  return 0;
}

int Leak(const Arguments& arguments) {
  return Serve(arguments, [&] { Forget(arguments.bytes); });
}

int TimerLeak(const Arguments& arguments) {
  Requests requests(arguments.schedule);
  // Few and large, so that leaking alone costs next to nothing.
  const Schedule four_a_second("4");
  Requests timer(four_a_second);
  Pace pace;
  while (pace.Wait()) {
    for (long due = requests.Due(pace.seconds()); due > 0; --due) Burn(kRequestCpu);
    for (long due = timer.Due(pace.seconds()); due > 0; --due) Forget(arguments.bytes / 4);
  }
  return 0;
}

int FillCache(const Arguments& arguments) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<size_t> any_key(1, arguments.count);
  std::unordered_map<size_t, Block> cache;
  return Serve(arguments, [&] {
    Block& entry = cache[any_key(random)];
    if (entry == nullptr) entry = NewBlock(arguments.bytes);
  });
}

int FillToBound(const Arguments& arguments) {
  Requests requests(arguments.schedule);
  std::vector<Block> kept;
  Pace pace;
  while (pace.Wait()) {
    for (long due = requests.Due(pace.seconds()); due > 0; --due) {
      Burn(kRequestCpu);
      if (kept.size() < arguments.count) kept.push_back(NewBlock(arguments.bytes));
    }
    if (arguments.schedule.Over(pace.seconds())) return 1;
  }
  return 0;
}

int FollowLoad(const Arguments& arguments) {
  std::vector<Pages> connections;
  Pace pace;
  while (pace.Wait()) {
    const double level = arguments.schedule.At(pace.seconds());
    while (connections.size() > static_cast<size_t>(level)) connections.pop_back();
    while (connections.size() < static_cast<size_t>(level)) {
      connections.emplace_back(arguments.bytes);
    }
    Burn(static_cast<double>(connections.size()) * kConnectionCpu * Pace::kStep);
  }
  return 0;
}

int PageOut(const Arguments& arguments) {
  std::vector<Pages> blocks;
  while (blocks.size() < arguments.count) blocks.emplace_back(arguments.bytes);
  auto next = blocks.begin();
  return Serve(arguments, [&] {
    if (next != blocks.end()) (next++)->SwapOut();
  });
}

constexpr struct {
  std::string_view name;
  int (*run)(const Arguments&);
} kKinds[] = {
    {"leak", Leak},           {"timer-leak", TimerLeak}, {"cache", FillCache},
    {"bounded", FillToBound}, {"pool", FollowLoad},      {"page-out", PageOut},
};

int Main(int argc, char** argv) {
  for (const auto& kind : kKinds) {
    if (argc >= 4 && kind.name == argv[1]) {
      return kind.run({Schedule(argv[2]), std::strtoul(argv[3], nullptr, 10),
                       argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0});
    }
  }
  std::cerr << "usage: requests KIND SCHEDULE BYTES [COUNT]\n";
  return 2;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) { return memleak::Main(argc, argv); }
