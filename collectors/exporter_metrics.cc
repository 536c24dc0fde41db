#include "collectors/exporter_metrics.h"

#include <fcntl.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "collectors/collectable.h"
#include "exporter/host/file_reader.h"
#include "exporter/host/process/proc_stat.h"
#include "exporter/host/process/proc_status.h"
#include "exporter/trend/host_trends.h"
#include "exporter/version.h"

namespace memleak {
namespace {

prometheus::MetricFamily Single(std::string name, std::string help, prometheus::MetricType type,
                                double value) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return family;
}

double Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The usual process_* metrics about the exporter itself, from its own /proc wherever the host's
// tree is. Names: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics.
class OwnProcess : public prometheus::Collectable {
 public:
  // A container may have no /proc of its own: then what needs it is absent.
  OwnProcess() : started_(StartTime()) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    using prometheus::MetricType;
    std::vector<prometheus::MetricFamily> families;
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
      const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
      };
      families.push_back(Single("process_cpu_seconds_total", "CPU time of the exporter.",
                                MetricType::Counter,
                                seconds(usage.ru_utime) + seconds(usage.ru_stime)));
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
      families.push_back(Single("process_max_fds", "Soft limit of the exporter's descriptors.",
                                MetricType::Gauge, static_cast<double>(limit.rlim_cur)));
    }
    AddMemory(families);
    if (started_ > 0) {
      families.push_back(Single("process_start_time_seconds",
                                "When the exporter started, in seconds since 1970.",
                                MetricType::Gauge, started_));
    }
    return families;
  }

 private:
  static double StartTime() {
    FileReader reader;
    std::string_view text;
    if (reader.Read(AT_FDCWD, "/proc/self/stat", text) != ReadStatus::kOk) return 0;
    const auto stat = ParseProcStat(text);
    if (!stat) return 0;
    const double after_boot =
        static_cast<double>(stat->start_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
    return Now(CLOCK_REALTIME) - Now(CLOCK_BOOTTIME) + after_boot;
  }

  static void AddMemory(std::vector<prometheus::MetricFamily>& families) {
    using prometheus::MetricType;
    FileReader reader;
    std::string_view text;
    if (reader.Read(AT_FDCWD, "/proc/self/status", text) == ReadStatus::kOk) {
      const auto status = ParseProcStatus(text);
      const auto add = [&](const char* name, const char* help, MemoryField field) {
        if (!status) return;
        if (const auto bytes = status->memory.Get(field)) {
          families.push_back(Single(name, help, MetricType::Gauge, static_cast<double>(*bytes)));
        }
      };
      add("process_resident_memory_bytes", "Memory that the exporter holds.",
          MemoryField::kResident);
      add("process_virtual_memory_bytes", "Address space of the exporter.", MemoryField::kVirtual);
    }
    uint64_t open = 0;
    if (CountOwnFds(open)) {
      families.push_back(Single("process_open_fds", "Open descriptors of the exporter.",
                                MetricType::Gauge, static_cast<double>(open)));
    }
  }

  static bool CountOwnFds(uint64_t& open) {
    std::error_code error;
    std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error) return false;
    open = static_cast<uint64_t>(std::distance(entries, std::filesystem::directory_iterator()));
    // The directory's own descriptor was open meanwhile.
    --open;
    return true;
  }

  double started_;
};

}  // namespace

struct ExporterMetrics::State {
  using Gauges = prometheus::Family<prometheus::Gauge>;
  using Counters = prometheus::Family<prometheus::Counter>;

  // Sets a counter that is kept elsewhere: prometheus-cpp's can only be increased.
  static void Follow(prometheus::Counter& counter, uint64_t total) {
    counter.Increment(static_cast<double>(total) - counter.Value());
  }

  // The library finds a gauge by a map of labels, which would have to be built in every scrape.
  struct OfCollector {
    prometheus::Gauge& success;
    prometheus::Gauge& duration;
  };
  std::map<std::string, OfCollector, std::less<>> collectors;

  // A source that failed gives its place to another: the label follows.
  void ShowBuild(std::string_view source) {
    if (build != nullptr && source == shown_source) return;
    if (build != nullptr) build_info.Remove(build);
    shown_source = source;
    build = &build_info.Add({{"version", std::string(Version())},
                             {"revision", std::string(Revision())},
                             {"source", shown_source}});
    build->Set(1);
  }
  std::string shown_source;
  prometheus::Gauge* build = nullptr;

  prometheus::Registry registry;
  Gauges& build_info = prometheus::BuildGauge()
                           .Name("memleak_exporter_build_info")
                           .Help("1, with the version, the revision and the process source in use.")
                           .Register(registry);
  OwnProcess process;
  Gauges& success = prometheus::BuildGauge()
                        .Name("memleak_scrape_collector_success")
                        .Help(
                            "1 when the collector worked in this scrape, 0 when it failed and "
                            "its families are missing.")
                        .Register(registry);
  Gauges& duration = prometheus::BuildGauge()
                         .Name("memleak_scrape_collector_duration_seconds")
                         .Help("How long the collector took to write its families.")
                         .Register(registry);
  Gauges& processes = prometheus::BuildGauge()
                          .Name("memleak_scrape_processes")
                          .Help(
                              "Processes by what became of them in the last pass: shown one by "
                              "one, only in their group, newcomers whose names are being read, "
                              "ended while being read, denied, malformed.")
                          .Register(registry);
  Gauges& cgroups = prometheus::BuildGauge()
                        .Name("memleak_scrape_cgroups")
                        .Help(
                            "Containers, units and limited cgroups by what became of them: shown, "
                            "cut by --cgroup.limit, malformed, skipped as too many or too deep.")
                        .Register(registry);
  Counters& denied = prometheus::BuildCounter()
                         .Name("memleak_scrape_reads_denied_total")
                         .Help(
                             "Reads that the kernel refused; what they would have told is "
                             "absent, not 0. The log names the permission that each needs.")
                         .Register(registry);
  Counters& truncated = prometheus::BuildCounter()
                            .Name("memleak_scrape_reads_truncated_total")
                            .Help(
                                "Counts that were given up because they would have taken too "
                                "long; the figure is absent.")
                            .Register(registry);
  Counters& evidence =
      prometheus::BuildCounter()
          .Name("memleak_scrape_evidence_reads_total")
          .Help(
              "Costly reads of suspects and JVMs by how they ended: ok, cut as too "
              "large or too slow, gone, denied, malformed or unsafe, late and so "
              "first in the next round.")
          .Register(registry);
  prometheus::Counter& messages_lost =
      prometheus::BuildCounter()
          .Name("memleak_scrape_kernel_messages_lost_total")
          .Help(
              "Kernel messages that were overwritten before they were read; an OOM kill may be "
              "among them.")
          .Register(registry)
          .Add({});
  prometheus::Counter& source_failures =
      prometheus::BuildCounter()
          .Name("memleak_scrape_source_failures_total")
          .Help(
              "Process sources that failed in the middle of the run; another one went on, and the "
              "log says why.")
          .Register(registry)
          .Add({});
  prometheus::Gauge& stuck =
      prometheus::BuildGauge()
          .Name("memleak_slow_reads_stuck")
          .Help(
              "Reads that did not come back within two seconds; their processes are left "
              "alone, and named by comm where it was a name.")
          .Register(registry)
          .Add({});
  prometheus::Gauge& suspects_cut =
      prometheus::BuildGauge()
          .Name("memleak_scrape_suspects_cut")
          .Help(
              "Suspects that did not fit: processes, groups and cgroups beyond --process.limit, "
              "--group.limit and --cgroup.limit.")
          .Register(registry)
          .Add({});
  prometheus::Gauge& trend_entities =
      prometheus::BuildGauge()
          .Name("memleak_trend_entities")
          .Help("Processes, groups, cgroups and resources of the node whose growth is followed.")
          .Register(registry)
          .Add({});
};

ExporterMetrics::ExporterMetrics() : state_(std::make_unique<State>()) {}

ExporterMetrics::~ExporterMetrics() = default;

void ExporterMetrics::RecordCollector(std::string_view name, bool success, double seconds) {
  auto found = state_->collectors.find(name);
  if (found == state_->collectors.end()) {
    const std::map<std::string, std::string> labels = {{"collector", std::string(name)}};
    found = state_->collectors
                .emplace(name, State::OfCollector{state_->success.Add(labels),
                                                  state_->duration.Add(labels)})
                .first;
  }
  found->second.success.Set(success ? 1 : 0);
  found->second.duration.Set(seconds);
}

void ExporterMetrics::Write(const Snapshot& snapshot, MetricWriter& writer) {
  const PassCounts& counts = snapshot.counts;
  const std::pair<const char*, uint64_t> results[] = {
      {"exported", counts.exported}, {"grouped", counts.grouped}, {"pending", counts.pending},
      {"gone", counts.gone},         {"denied", counts.denied},   {"malformed", counts.malformed}};
  for (const auto& [result, count] : results) {
    state_->processes.Add({{"result", result}}).Set(static_cast<double>(count));
  }
  const CgroupTable::Counts& cgroups = snapshot.cgroup_counts;
  const std::pair<const char*, uint64_t> cgroup_results[] = {{"exported", cgroups.exported},
                                                             {"cut", cgroups.cut},
                                                             {"malformed", cgroups.malformed},
                                                             {"skipped", cgroups.skipped}};
  for (const auto& [result, count] : cgroup_results) {
    state_->cgroups.Add({{"result", result}}).Set(static_cast<double>(count));
  }
  for (size_t i = 0; i < kDeniedFieldNames.size(); ++i) {
    State::Follow(state_->denied.Add({{"field", std::string(kDeniedFieldNames[i])}}),
                  snapshot.denied[i]);
  }
  for (size_t kind = 0; kind < kEvidenceKinds; ++kind) {
    for (size_t result = 0; result < kEvidenceResultNames.size(); ++result) {
      State::Follow(state_->evidence.Add({{"kind", std::string(kEvidenceKindNames[kind])},
                                          {"result", std::string(kEvidenceResultNames[result])}}),
                    snapshot.evidence_reads[kind][result]);
    }
  }
  state_->ShowBuild(snapshot.source);
  State::Follow(state_->source_failures, snapshot.source_failures);
  State::Follow(state_->messages_lost, snapshot.kernel_messages_lost);
  State::Follow(state_->truncated.Add({{"field", "fds"}}), snapshot.truncated_fd_counts);
  state_->stuck.Set(snapshot.slow_reads_stuck);
  state_->suspects_cut.Set(static_cast<double>(snapshot.suspects_cut));
  if (snapshot.trends != nullptr) {
    state_->trend_entities.Set(static_cast<double>(snapshot.trends->size()));
  }

  WriteFamilies(state_->registry.Collect(), writer);
  WriteFamilies(state_->process.Collect(), writer);
}

}  // namespace memleak
