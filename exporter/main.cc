// The program: reads the command line, wires the stages together, waits for the signal to stop.
#include <malloc.h>
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "collectors/registry.h"
#include "exporter/config/flags.h"
#include "exporter/log.h"
#include "exporter/scraper.h"
#include "exporter/version.h"
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

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

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
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
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
  ConfigureLog(options.log.level, options.log.format);
  signal(SIGPIPE, SIG_IGN);
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

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  Log(LogLevel::kInfo, "stopping", {{"signal", strsignal(signal_number)}});
}

int Run(std::span<const char* const> arguments) {
  const std::vector<CollectorFlag> collectors = CollectorFlags();
  const CommandLine command_line = ParseCommandLine(arguments, collectors);
  switch (command_line.action) {
    case CommandLine::Action::kHelp:
      Print(HelpText(collectors));
      break;
    case CommandLine::Action::kVersion:
      Print(VersionText());
      break;
    case CommandLine::Action::kListCollectors:
      Print(CollectorList());
      break;
    case CommandLine::Action::kServe:
      Serve(command_line.options);
      break;
  }
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) {
  try {
    return memleak::Run(std::span<const char* const>(argv, static_cast<size_t>(argc)).subspan(1));
  } catch (const memleak::UsageError& error) {
    std::fprintf(stderr, "memleak_exporter: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "memleak_exporter: %s\n", error.what());
    return 1;
  }
}
