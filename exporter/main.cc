// The program: reads the command line and does what it names; to serve is to wire the stages
// together and wait for the signal to stop.
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "collectors/registry.h"
#include "exporter/cli/analyze.h"
#include "exporter/cli/health.h"
#include "exporter/cli/top/top.h"
#include "exporter/config/flags.h"
#include "exporter/log.h"
#include "exporter/scraper.h"
#include "exporter/version.h"
#include "exporter/web/api/api.h"
#include "exporter/web/server.h"

namespace memleak {
namespace {

std::vector<CollectorFlag> CollectorFlags() {
  std::vector<CollectorFlag> flags;
  for (const CollectorInfo& info : AllCollectors()) {
    flags.push_back({info.name, info.help, info.enabled_by_default});
  }
  return flags;
}

std::string VersionText() {
  return "memleak_exporter " + std::string(Version()) + " (revision " + std::string(Revision()) +
         ")\n";
}

std::string CollectorList() {
  std::string list;
  for (const CollectorInfo& info : AllCollectors()) {
    list += std::string(info.name) + (info.enabled_by_default ? "" : " (off by default)") + ": " +
            std::string(info.help) + "\n";
  }
  return list;
}

// Every request runs on a thread of its own choice, and glibc would give each its own heap and keep
// in it what the largest bodies took. One heap, and what is large goes back to the system.
void ConfigureMemory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs yet
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
  // NOLINTEND(concurrency-mt-unsafe)
}

// A connection takes a descriptor: with many of them (--web.max-requests) there would be none left
// under the usual 1,024 to read the host with.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The signals that end the program, blocked here and in every thread that is started from now on.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void Serve(const Options& options) {
  ConfigureMemory();
  RaiseDescriptorLimit();
  ConfigureLog(options.log.level, options.log.format);
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  const sigset_t stop_signals = BlockStopSignals();

  Scraper scraper(options);
  // Before the first refresh: a port in use is found out at once, and until Start returns the
  // server says that it is not ready.
  const WebServer server(options.web, scraper);
  scraper.Start();
  for (const std::string& url : server.urls()) {
    Log(LogLevel::kInfo, "listening",
        {{"url", url + options.web.telemetry_path}, {"version", std::string(Version())}});
  }

  for (const std::string& url : server.health_urls()) {
    Log(LogLevel::kInfo, "listening for probes", {{"url", url + "/-/healthy"}});
  }

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  Log(LogLevel::kInfo, "stopping", {{"signal", signal_number == SIGINT ? "SIGINT" : "SIGTERM"}});
}

// The API without a server: what `top --direct` shows is what an exporter here would answer.
Fetch OpenHost(Options options) {
  struct Host {
    explicit Host(const Options& with) : scraper(with), api(scraper) { scraper.Start(); }
    Scraper scraper;
    Api api;
  };
  // Each refresh of the terminal is a look at the host.
  constexpr std::chrono::milliseconds kOften{500};
  options.scrape.min_interval = std::min(options.scrape.min_interval, kOften);
  ConfigureLog(LogLevel::kError, options.log.format);
  const auto host = std::make_shared<Host>(options);
  return [host](const std::string& path, const std::string& query) {
    ApiAnswer answer = host->api.Answer(path, query);
    return FetchAnswer{answer.status, std::move(answer.body)};
  };
}

int Run(std::span<const char* const> arguments) {
  const std::vector<CollectorFlag> collectors = CollectorFlags();
  const CommandLine command_line = ParseCommandLine(arguments, collectors);
  switch (command_line.action) {
    case CommandLine::Action::kHelp:
      std::cout << HelpText(collectors);
      break;
    case CommandLine::Action::kAnalyzeHelp:
      std::cout << AnalyzeHelpText();
      break;
    case CommandLine::Action::kTopHelp:
      std::cout << TopHelpText(collectors);
      break;
    case CommandLine::Action::kHealthHelp:
      std::cout << HealthHelpText();
      break;
    case CommandLine::Action::kVersion:
      std::cout << VersionText();
      break;
    case CommandLine::Action::kListCollectors:
      std::cout << CollectorList();
      break;
    case CommandLine::Action::kServe:
      Serve(command_line.options);
      break;
    case CommandLine::Action::kAnalyze:
      return Analyze(command_line.analyze);
    case CommandLine::Action::kTop:
      return Top(command_line.top, [&] { return OpenHost(command_line.options); });
    case CommandLine::Action::kHealth:
      return Health(command_line.health);
  }
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) {
  std::string refusal;
  int exit_code = 1;
  try {
    return memleak::Run(std::span<const char* const>(argv, static_cast<size_t>(argc)).subspan(1));
  } catch (const memleak::UsageError& error) {
    refusal = error.what();
    exit_code = 2;
  } catch (const std::exception& error) {
    refusal = error.what();
  }
  std::cerr << "memleak_exporter: " << refusal << '\n';
  return exit_code;
}
