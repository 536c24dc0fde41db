// Where the CPU time of one scrape goes, and what is kept in memory for the next: the stages of
// exporter/scraper.cc, taken one by one over the processes that are there. Started by run.sh, read
// by measure.py: `stage_cost procfs|bpf ROUNDS`. Prints a line "NAME VALUE" for each figure.
//
// Time is CPU time of the thread that scrapes, the kernel's work for it included: the median of the
// rounds. What a stage costs that cannot be called alone is what a pass of the same round costs
// more with it than without. Before a pass the caches are filled with other things, as they are
// after fifteen seconds of a host's own work.
#include <libdeflate.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/exporter_metrics.h"
#include "collectors/registry.h"
#include "exporter/config/options.h"
#include "exporter/exposition/gzip.h"
#include "exporter/exposition/metric_writer.h"
#include "exporter/host/process/bpf/task_iterator.h"
#include "exporter/host/process/chosen_source.h"
#include "exporter/host/procfs.h"
#include "exporter/model/host_model.h"
#include "exporter/trend/host_trends.h"
#include "exporter/trend/kind_histories.h"

namespace memleak {
namespace {

constexpr size_t kCacheBytes = size_t{64} << 20;
constexpr int kFirstPasses = 3;  // that learn names and grow buffers
constexpr int kMostCompression = 9;

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

void FillCaches() {
  static std::vector<char> other(kCacheBytes);
  for (size_t i = 0; i < other.size(); i += 64) ++other[i];
}

class Stages {
 public:
  double Time(const std::string& name, const std::function<void()>& stage) {
    const double begin = CpuSeconds();
    stage();
    const double spent = CpuSeconds() - begin;
    Add(name, spent);
    return spent;
  }
  void Add(const std::string& name, double seconds) { seconds_[name].push_back(seconds); }
  void Forget() { seconds_.clear(); }
  double Median(const std::string& name) {
    std::vector<double>& rounds = seconds_[name];
    std::sort(rounds.begin(), rounds.end());
    return rounds.empty() ? 0 : rounds[rounds.size() / 2];
  }

 private:
  std::map<std::string, std::vector<double>> seconds_;
};

class Nobody : public ProcessSink {
 public:
  void OnProcess(const ProcessSample&) override { ++seen_; }
  void OnUnreadable(int32_t, ReadStatus) override {}

 private:
  uint64_t seen_ = 0;
};

Needs NeedsOfDefaults() {
  Needs needs;
  needs.node = {.meminfo = true, .vmstat = true, .memory_pressure = true};  // the page's line
  for (const CollectorInfo& info : AllCollectors()) {
    if (info.enabled_by_default) needs = needs | info.needs;
  }
  return needs;
}

class Scrapes {
 public:
  Scrapes(const Options& options, bool bpf)
      : needs_(NeedsOfDefaults()),
        procfs_(options.path.procfs),
        source_(procfs_, bpf ? ChosenSource::Choice::kBpf : ChosenSource::Choice::kProcfs,
                TaskIteratorSource(options.process.min_rss_bytes)),
        node_only_(options, {.kernel_log = needs_.kernel_log, .node = needs_.node}),
        without_cgroups_(options, WithoutCgroups(needs_)) {
    for (const CollectorInfo& info : AllCollectors()) {
      if (info.enabled_by_default) collectors_.emplace_back(info.name, info.make());
    }
    if (bpf) {
      std::string why;
      const uint64_t exact_from = options.process.min_rss_bytes;
      tasks_ = TaskIterator::Open(exact_from, why);
      older_tasks_ = TaskIterator::Open(exact_from, why, TaskIterator::Way::kSeqFile);
      if (tasks_ == nullptr || older_tasks_ == nullptr) throw std::runtime_error(why);
    }
    Needs cgroups;
    cgroups.cgroups = true;
    cgroups_only_.emplace(options, cgroups);
    // Last, with nothing of the others in what the heap says of it.
    const double before = HeapBytes();
    model_.emplace(options, needs_);
    model_->FirstLook(std::chrono::seconds(10));
    model_->Look();
    heap_of_model_ = HeapBytes() - before;
    trends_.emplace(Slot(options));
    trends_->Feed(model_->Look());
    heap_of_trends_ = HeapBytes() - before - heap_of_model_;
    kinds_.emplace(Slot(options));
    without_cgroups_.FirstLook(std::chrono::seconds(10));
  }

  void Round() {
    const double without_cgroups = Isolated();
    FillCaches();
    Snapshot* snapshot = nullptr;
    const double look = stages_.Time("look", [&] { snapshot = &model_->Look(); });
    stages_.Add("cgroups", look - without_cgroups);
    stages_.Time("trends", [&] { trends_->Feed(*snapshot); });
    stages_.Time("selection", [&] { model_->Choose(); });
    stages_.Time("kinds", [&] {
      kinds_->Feed(*snapshot);
      snapshot->kinds = &*kinds_;
    });
    writer_.Reset(Format::kOpenMetrics);
    stages_.Time("rendering", [&] {
      for (const auto& [name, collector] : collectors_) {
        collector->Collect(*snapshot, writer_);
        own_.RecordCollector(name, true, 0);
      }
      own_.Write(*snapshot, writer_);
      body_ = writer_.Finish();
    });
    stages_.Time("gzip", [&] { sent_ = Gzip(body_).size(); });
    processes_ = snapshot->processes->size();
  }

  void Forget() { stages_.Forget(); }

  void Print() {
    const auto print = [](const std::string& name, double value) {
      std::printf("%s %.9g\n", name.c_str(), value);
    };
    for (const char* stage : {"kernel", "source", "node", "table", "cgroups", "trends", "selection",
                              "kinds", "rendering", "gzip"}) {
      print(std::string("stage_") + stage, stages_.Median(stage));
    }
    if (older_tasks_ != nullptr) print("kernel_seq_file", stages_.Median("kernel_seq_file"));
    print("hierarchy", stages_.Median("hierarchy"));
    print("processes", static_cast<double>(processes_));
    print("body_bytes", static_cast<double>(body_.size()));
    print("sent_bytes", static_cast<double>(sent_));
    print("bytes_record", tasks_ != nullptr ? sizeof(TaskRecord) : 0);
    print("bytes_process", sizeof(Process));
    print("bytes_trend", sizeof(Trend));
    print("heap_model", heap_of_model_);
    print("heap_trends", heap_of_trends_);
    PrintCompression();
  }

 private:
  static double Slot(const Options& options) {
    return std::chrono::duration<double>(options.trend.slot).count();
  }
  static Needs WithoutCgroups(Needs needs) {
    needs.cgroups = false;
    return needs;
  }

  double Walk(const char* stage, TaskIterator& tasks) {
    FillCaches();
    return stages_.Time(stage, [&] {
      std::string why;
      if (!tasks.Read({.memory = true, .fds = true}, records_, why)) throw std::runtime_error(why);
    });
  }

  // What cannot be told apart within a pass, each for itself. Seconds of a pass that looks at no
  // cgroups.
  double Isolated() {
    double kernel = 0;
    if (tasks_ != nullptr) {
      kernel = Walk("kernel", *tasks_);
      Walk("kernel_seq_file", *older_tasks_);
    }
    FillCaches();
    Nobody nobody;
    const double source = stages_.Time("pass", [&] { source_.Read(needs_, nobody); });
    stages_.Add("source", source - kernel);
    FillCaches();
    const double node = stages_.Time("node", [&] { node_only_.Look(); });
    FillCaches();
    stages_.Time("hierarchy", [&] { cgroups_only_->Look(); });
    cgroups_only_->Choose();
    FillCaches();
    const double without_cgroups =
        stages_.Time("without_cgroups", [&] { without_cgroups_.Look(); });
    stages_.Add("table", without_cgroups - source - node);
    return without_cgroups;
  }

  // Of the whole body, at each level of libdeflate.
  void PrintCompression() const {
    for (int level = 1; level <= kMostCompression; ++level) {
      libdeflate_compressor* const compressor = libdeflate_alloc_compressor(level);
      if (compressor == nullptr) throw std::bad_alloc();
      std::string out(libdeflate_gzip_compress_bound(compressor, body_.size()), '\0');
      constexpr int kTimes = 20;
      size_t size = 0;
      const double begin = CpuSeconds();
      for (int i = 0; i < kTimes; ++i) {
        size = libdeflate_gzip_compress(compressor, body_.data(), body_.size(), out.data(),
                                        out.size());
      }
      std::printf("deflate_seconds_%d %.9g\n", level, (CpuSeconds() - begin) / kTimes);
      std::printf("deflate_bytes_%d %zu\n", level, size);
      libdeflate_free_compressor(compressor);
    }
  }

  const Needs needs_;
  ProcFs procfs_;
  ChosenSource source_;
  std::unique_ptr<TaskIterator> tasks_;
  std::unique_ptr<TaskIterator> older_tasks_;  // as kernels before 6.7 walk
  TaskIterator::Records records_;
  HostModel node_only_;
  HostModel without_cgroups_;
  std::optional<HostModel> cgroups_only_;
  std::optional<HostModel> model_;
  std::optional<HostTrends> trends_;
  std::optional<KindHistories> kinds_;
  std::vector<std::pair<std::string_view, std::unique_ptr<Collector>>> collectors_;
  ExporterMetrics own_;
  MetricWriter writer_{Format::kOpenMetrics};
  Stages stages_;
  std::string body_;
  size_t sent_ = 0;
  size_t processes_ = 0;
  double heap_of_model_ = 0;
  double heap_of_trends_ = 0;
};

int Run(bool bpf, int rounds) {
  Options options;
  options.process.source =
      bpf ? Options::Processes::Source::kBpf : Options::Processes::Source::kProcfs;
  Scrapes scrapes(options, bpf);
  for (int i = 0; i < kFirstPasses; ++i) scrapes.Round();
  scrapes.Forget();
  for (int i = 0; i < rounds; ++i) scrapes.Round();
  scrapes.Print();
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) {
  const std::string_view source = argc == 3 ? argv[1] : "";
  const int rounds = argc == 3 ? std::atoi(argv[2]) : 0;
  if ((source != "procfs" && source != "bpf") || rounds < 1) {
    std::fputs("usage: stage_cost procfs|bpf ROUNDS\n", stderr);
    return 2;
  }
  try {
    return memleak::Run(source == "bpf", rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stage_cost: %s\n", error.what());
    return 1;
  }
}
