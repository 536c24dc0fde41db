#include "exporter/config/flag_table.h"

#include <utility>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/config/units.h"
#include "exporter/config/values.h"

namespace memleak {
namespace {

using Kind = Flag::Kind;

constexpr int kMaxRequestsLimit = 1'000;
constexpr int kMaxSeriesLimit = 100'000;
constexpr std::chrono::milliseconds kShortestSlot{10};

// Rows of one section; each function adds one kind of row.
class Section {
 public:
  Section(std::vector<Flag>& table, std::string_view title) : table_(table), title_(title) {}

  Flag& Value(std::string name, std::string value_name, std::string default_value, std::string help,
              Flag::Set set) {
    Flag flag;
    flag.section = title_;
    flag.kind = Kind::kValue;
    flag.file_key = name;
    flag.name = std::move(name);
    flag.value_name = std::move(value_name);
    flag.default_value = std::move(default_value);
    flag.help = std::move(help);
    flag.set = std::move(set);
    return table_.emplace_back(std::move(flag));
  }

  // `set` gets which of the choices it is.
  void Choice(std::string name, std::string value_name, std::string default_value, std::string help,
              std::vector<std::string_view> choices, std::function<void(size_t, Options&)> set) {
    Flag& flag =
        Value(std::move(name), std::move(value_name), std::move(default_value), std::move(help),
              [choices, set = std::move(set)](std::string_view value, Options& options) {
                set(ParseChoice(value, choices), options);
              });
    flag.choices = std::move(choices);
  }

  Flag& List(Kind kind, std::string name, std::string value_name, std::string default_value,
             std::string help, Flag::Set set, std::function<void(Options&)> clear) {
    Flag& flag = Value(std::move(name), std::move(value_name), std::move(default_value),
                       std::move(help), std::move(set));
    flag.kind = kind;
    flag.clear = std::move(clear);
    return flag;
  }

  Flag& Bool(Kind kind, std::string name, std::string default_value, std::string help,
             std::function<void(bool, Options&)> set) {
    Flag& flag = Value(std::move(name), "", std::move(default_value), std::move(help),
                       [set = std::move(set)](std::string_view value, Options& options) {
                         set(ParseSwitch(value), options);
                       });
    flag.kind = kind;
    return flag;
  }

  void Action(std::string name, std::string help, CommandLine::Action action) {
    Flag& flag = Value(std::move(name), "", "", std::move(help), nullptr);
    flag.kind = Kind::kAction;
    flag.file_key.clear();
    flag.action = action;
  }

 private:
  std::vector<Flag>& table_;
  std::string_view title_;
};

void AddWeb(std::vector<Flag>& table) {
  Section web(table, "Web");
  web.List(
      Kind::kList, "web.listen-address", "HOST:PORT", ":10078",
      "where to listen, repeatable; [v6]:port and :port too, port 0 picks a free one",
      [](std::string_view value, Options& options) {
        options.web.listen_addresses.push_back(CheckListenAddress(value));
      },
      [](Options& options) { options.web.listen_addresses.clear(); });
  web.List(
      Kind::kList, "web.health-address", "HOST:PORT", "",
      "answers /-/healthy and /-/ready here too, and nothing else: for probes of an exporter whose "
      "other addresses want a password or TLS; repeatable",
      [](std::string_view value, Options& options) {
        options.web.health_addresses.push_back(CheckListenAddress(value));
      },
      [](Options& options) { options.web.health_addresses.clear(); });
  web.Value("web.telemetry-path", "PATH", "/metrics", "where the metrics are",
            [](std::string_view value, Options& options) {
              options.web.telemetry_path = ParseTelemetryPath(value);
            });
  web.Bool(Kind::kSwitch, "web.ui", "true", "the page for people at /",
           [](bool on, Options& options) { options.web.ui = on; });
  web.Value(
      "web.config.file", "FILE", "",
      "YAML with TLS, users and headers, in the format of Prometheus' exporters; read again "
      "when it or a certificate changes",
      [](std::string_view value, Options& options) { options.web.config_file = ParsePath(value); });
  web.Value("web.max-requests", "N", "40", "requests served at once; others get 503",
            [](std::string_view value, Options& options) {
              options.web.max_requests = ParseInteger(value, 1, kMaxRequestsLimit);
            });
}

void AddHost(std::vector<Flag>& table) {
  Section host(table, "Host");
  host.Value(
      "path.procfs", "DIR", "/proc", "where the host's /proc is mounted",
      [](std::string_view value, Options& options) { options.path.procfs = ParsePath(value); });
  host.Value(
      "path.sysfs", "DIR", "/sys", "where the host's /sys is mounted",
      [](std::string_view value, Options& options) { options.path.sysfs = ParsePath(value); });
  host.Value(
      "path.rootfs", "DIR", "/", "where the host's / is mounted",
      [](std::string_view value, Options& options) { options.path.rootfs = ParsePath(value); });
  host.Value(
      "node.name", "NAME", "",
      "what this node is called, for exporters in containers: Kubernetes puts it into the names of "
      "static pods (default: what /etc/hostname below the root and /proc say)",
      [](std::string_view value, Options& options) { options.node_name = ParseNodeName(value); });
}

void AddCollectors(std::vector<Flag>& table, std::span<const CollectorFlag> collectors) {
  Section section(table, "Collectors");
  for (const CollectorFlag& collector : collectors) {
    const std::string name(collector.name);
    section.Bool(Kind::kSwitch, "collector." + name,
                 collector.enabled_by_default ? "true" : "false", std::string(collector.help),
                 [name](bool on, Options& options) { options.collector.enabled[name] = on; });
  }
  section.Bool(Kind::kMark, "collector.disable-defaults", "",
               "run only the collectors that are switched on by name",
               [](bool on, Options& options) { options.collector.disable_defaults = on; });
}

void AddEntities(std::vector<Flag>& table) {
  Section section(table, "Processes, groups and cgroups");
  section.Choice("process.source", "NAME", "auto",
                 "how processes are read: procfs, from /proc; bpf, by a program in the kernel, a "
                 "tenth of the cost (CAP_BPF and CAP_PERFMON); or auto, bpf where that can be had",
                 {"auto", "procfs", "bpf"}, [](size_t choice, Options& options) {
                   options.process.source = static_cast<Options::Processes::Source>(choice);
                 });
  section.Value("process.min-rss", "SIZE", "16MiB",
                "smaller processes are only in their group's sums",
                [](std::string_view value, Options& options) {
                  options.process.min_rss_bytes = ParseSize(value);
                });
  section.Value("process.min-age", "TIME", "30s",
                "younger processes are only in their group's sums",
                [](std::string_view value, Options& options) {
                  options.process.min_age = ParseDuration(value);
                });
  section.Value("process.limit", "N", "50", "most processes shown one by one",
                [](std::string_view value, Options& options) {
                  options.process.limit = ParseInteger(value, 0, kMaxSeriesLimit);
                });
  section.Value("group.limit", "N", "100", "most groups shown; the others are summed as (other)",
                [](std::string_view value, Options& options) {
                  options.group.limit = ParseInteger(value, 0, kMaxSeriesLimit);
                });
  section
      .List(
          Kind::kRules, "group.rule", "NAME=REGEX", "",
          "name the group of processes whose executable and command line match, repeatable, the "
          "first match wins; \\1 to \\9 in NAME are capture groups; group.rules in the file",
          [](std::string_view value, Options& options) {
            options.group.rules.push_back(ParseGroupRule(value));
          },
          [](Options& options) { options.group.rules.clear(); })
      .file_key = "group.rules";
  section.Value("cgroup.limit", "N", "120", "most containers, units and limited cgroups shown",
                [](std::string_view value, Options& options) {
                  options.cgroup.limit = ParseInteger(value, 0, kMaxSeriesLimit);
                });
}

void AddTiming(std::vector<Flag>& table) {
  Section timing(table, "Timing");
  timing.Value("scrape.min-interval", "TIME", "1s",
               "scrapes that follow sooner get the same values; at most trend.interval",
               [](std::string_view value, Options& options) {
                 options.scrape.min_interval = ParseDuration(value);
               });
  timing.Value("trend.slot", "TIME", "60s",
               "what the trends are made of: all that they take, from the first verdict to the "
               "longest memory, scales with it; 1s for a demonstration",
               [](std::string_view value, Options& options) {
                 options.trend.slot = ParseDuration(value);
                 if (options.trend.slot < kShortestSlot) {
                   throw UsageError(Quoted(value) + " is too short a slot; use 10ms or more");
                 }
               });
  timing.Value("trend.interval", "TIME", "",
               "how often to look when nobody scrapes; a quarter of trend.slot without it",
               [](std::string_view value, Options& options) {
                 options.trend.interval = ParseDuration(value);
                 if (options.trend.interval.count() == 0) {
                   throw UsageError("0 is too short an interval; use 1ms or more, like 15s");
                 }
               });
  timing.Value("trend.state-file", "FILE", "", "keeps the trends across a restart of the exporter",
               [](std::string_view value, Options& options) {
                 options.trend.state_file = ParsePath(value);
               });
}

void AddEvidence(std::vector<Flag>& table) {
  Section evidence(table, "Evidence");
  evidence.List(
      Kind::kList, "evidence.group", "GROUP", "",
      "a group of which descriptor kinds and mappings are read without suspicion, too, repeatable",
      [](std::string_view value, Options& options) {
        options.evidence.groups.push_back(ParseGroupName(value));
      },
      [](Options& options) { options.evidence.groups.clear(); });
  evidence.Value(
      "evidence.budget", "TIME", "500ms",
      "time for these costly reads in each refresh, beside the scrape; what does not fit "
      "comes first the next time",
      [](std::string_view value, Options& options) {
        options.evidence.budget = ParseDuration(value);
        if (options.evidence.budget.count() == 0) {
          throw UsageError("0 is no time at all; use 1ms or more, like 500ms");
        }
      });
}

void AddLog(std::vector<Flag>& table) {
  Section log(table, "Log (on standard error)");
  log.Choice(
      "log.level", "LEVEL", "info", "least serious that is shown: debug, info, warn or error",
      {"debug", "info", "warn", "error"},
      [](size_t choice, Options& options) { options.log.level = static_cast<LogLevel>(choice); });
  log.Choice(
      "log.format", "FORMAT", "logfmt", "logfmt or json", {"logfmt", "json"},
      [](size_t choice, Options& options) { options.log.format = static_cast<LogFormat>(choice); });
}

void AddOthers(std::vector<Flag>& table) {
  Section others(table, "Others");
  others
      .Value(
          "config.file", "FILE", "",
          "YAML with these names, nested at the dots; flags given here replace what it says",
          [](std::string_view value, Options& options) { options.config_file = ParsePath(value); })
      .file_key.clear();
  others.Action("list-collectors", "print the collectors and exit",
                CommandLine::Action::kListCollectors);
  others.Action("version", "print the version and exit", CommandLine::Action::kVersion);
  others.Action("help", "print this and exit", CommandLine::Action::kHelp);
}

}  // namespace

std::vector<Flag> FlagTable(std::span<const CollectorFlag> collectors) {
  std::vector<Flag> table;
  AddWeb(table);
  AddHost(table);
  AddCollectors(table, collectors);
  AddEntities(table);
  AddTiming(table);
  AddEvidence(table);
  AddLog(table);
  AddOthers(table);
  return table;
}

}  // namespace memleak
