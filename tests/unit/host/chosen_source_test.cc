#include "exporter/host/process/chosen_source.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

using Choice = ChosenSource::Choice;

constexpr Needs kNeeds{.processes = true};
constexpr int32_t kOfFast = 4711;

struct Seen : ProcessSink {
  void OnProcess(const ProcessSample& sample) override { pids.push_back(sample.pid); }
  void OnUnreadable(int32_t /*pid*/, ReadStatus /*status*/) override {}

  std::vector<int32_t> pids;
};

// Serves one process until it is told to fail.
class FastSource : public ProcessSource {
 public:
  explicit FastSource(const bool& fails) : fails_(fails) {}

  std::string_view name() const override { return "fast"; }
  bool Read(const Needs& /*needs*/, ProcessSink& sink) override {
    if (fails_) return false;
    ProcessSample sample;
    sample.pid = kOfFast;
    sink.OnProcess(sample);
    return true;
  }
  std::string error() const override { return "tired"; }
  std::optional<uint64_t> ReadMaxFds(int32_t /*pid*/, uint64_t /*start_ticks*/) override {
    return std::nullopt;
  }
  const DeniedCounts& denied() const override { return denied_; }
  uint64_t truncated_fd_counts() const override { return 0; }

 private:
  const bool& fails_;
  DeniedCounts denied_{};
};

struct Host {
  Host() {
    TreeProcess process;
    process.pid = 42;
    tree.Put(process);
  }

  ChosenSource::MakeFast Fast() {
    return [this](ProcFs&, ProcfsSource&, std::string& why) -> std::unique_ptr<ProcessSource> {
      ++made;
      if (refused.empty()) return std::make_unique<FastSource>(fails);
      why = refused;
      return nullptr;
    };
  }

  ProcTree tree;
  ProcFs procfs{tree.path()};
  std::string refused;
  bool fails = false;
  int made = 0;
};

std::vector<int32_t> Read(ChosenSource& source) {
  Seen seen;
  REQUIRE(source.Read(kNeeds, seen));
  return seen.pids;
}

}  // namespace

TEST_CASE("the cheaper source serves where it can be had") {
  Host host;
  ChosenSource source(host.procfs, GENERATE(Choice::kAuto, Choice::kBpf), host.Fast());
  CHECK(source.name() == "fast");
  CHECK(source.reason().empty());
  CHECK(Read(source) == std::vector<int32_t>{kOfFast});
  CHECK(source.failures() == 0);
}

TEST_CASE("who asks for procfs tries nothing else") {
  Host host;
  ChosenSource source(host.procfs, Choice::kProcfs, host.Fast());
  CHECK(source.name() == "procfs");
  CHECK(source.reason().empty());
  CHECK(host.made == 0);
  CHECK(Read(source) == std::vector<int32_t>{42});
}

TEST_CASE("where the cheaper source is refused /proc serves, and it is said why") {
  Host host;
  host.refused = "no such luck";
  ChosenSource source(host.procfs, Choice::kAuto, host.Fast());
  CHECK(source.name() == "procfs");
  CHECK(source.reason() == "no such luck");
  CHECK(source.failures() == 0);
  CHECK(Read(source) == std::vector<int32_t>{42});
}

TEST_CASE("who insists on the cheaper source is told that it cannot be had") {
  Host host;
  host.refused = "no such luck";
  CHECK_THROWS_WITH(ChosenSource(host.procfs, Choice::kBpf, host.Fast()),
                    "--process.source=bpf cannot be had: no such luck; auto takes /proc then");
}

TEST_CASE("a copy of another machine's tree is not read by this machine's kernel") {
  Host host;
  ChosenSource source(host.procfs, Choice::kAuto, TaskIteratorSource(0));
  CHECK(source.name() == "procfs");
  CHECK(source.reason() ==
        host.tree.path() + " is not of the processes that the kernel shows here");
}

TEST_CASE("a source that fails in the middle of the run gives way in that very pass, for good") {
  Host host;
  ChosenSource source(host.procfs, GENERATE(Choice::kAuto, Choice::kBpf), host.Fast());
  Read(source);
  host.fails = true;
  CHECK(Read(source) == std::vector<int32_t>{42});
  CHECK(source.name() == "procfs");
  CHECK(source.reason() == "tired");
  CHECK(source.failures() == 1);
  host.fails = false;
  CHECK(Read(source) == std::vector<int32_t>{42});
  CHECK(source.failures() == 1);
}

}  // namespace memleak
