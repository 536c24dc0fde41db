#include "exporter/web/api/next_commands.h"

#include <array>
#include <cstddef>
#include <span>

namespace memleak {
namespace {

// As the runbooks have it, with PID for the process's id.
struct Template {
  std::string_view command;
  std::string_view shows;
};

constexpr std::array<Template, 3> kJava = {{
    {"jstat -gcutil PID 1000 10",
     "whether it is the heap: column O right after column FGC went up"},
    {"jcmd PID GC.class_histogram",
     "which class grows: compare two, minutes apart; each costs a full collection"},
    {"jcmd PID JFR.start name=leak settings=profile",
     "which field holds it and which line made it: dump it ten minutes later "
     "(dashboards/runbooks/java.md)"},
}};

constexpr std::array<Template, 1> kNode = {{
    {"node inspect -p PID",
     "exec('process.memoryUsage()'): heap or Buffers; HeapProfiler.startSampling() and ten minutes "
     "later stopSampling(): which line (dashboards/runbooks/nodejs.md). Leave with .exit"},
}};

constexpr std::array<Template, 1> kPython = {{
    {R"sh(gdb -p PID -batch -ex 'call (int)PyGILState_Ensure()' \
  -ex 'call (int)PyRun_SimpleString("import tracemalloc; tracemalloc.start(10)")' \
  -ex 'call (void)PyGILState_Release($1)')sh",
     "which line, ten minutes later (dashboards/runbooks/python.md); it stops the process for a "
     "second and is a risk: take it out of rotation first"},
}};

constexpr std::array<Template, 3> kGo = {{
    {"curl -s 'http://localhost:6060/debug/pprof/heap?debug=1' | grep -E '^# "
     "(HeapAlloc|HeapInuse|HeapIdle|HeapReleased|HeapSys|Stack|NumGC) '",
     "heap, stacks or neither, where the program serves pprof"},
    {"curl -s 'http://localhost:6060/debug/pprof/goroutine?debug=1' | head -n 12",
     "goroutines that wait for ever: hundreds at one line"},
    {"curl -so /tmp/before.pb.gz 'http://localhost:6060/debug/pprof/heap?gc=1'",
     "which line: the same ten minutes later, and go tool pprof (dashboards/runbooks/go.md)"},
}};

constexpr std::array<Template, 2> kNative = {{
    {"memleak-bpfcc -p PID",
     "what is not freed within a time, by stack; as root, and it costs much"},
    {"heaptrack -o /tmp/attached -p PID &",
     "which line takes what nobody frees; how to end it: dashboards/runbooks/native.md, and never "
     "with Ctrl-C"},
}};

// Where nothing is known of the runtime, and for the others that have no page of their own.
constexpr std::array<Template, 2> kAny = {{
    {"grep -E '^(VmRSS|RssAnon|RssFile|RssShmem|VmSwap|VmHWM|Threads):' /proc/PID/status",
     "whether RssAnon and VmSwap grow: look twice, ten minutes apart"},
    {R"sh(awk '/^[0-9a-f]+-/ {where = $1 " " $6} /^Rss:/ && $2 >= 1024 {print $2, "kB", where}' )sh"
     "/proc/PID/smaps |\n  sort -rn | head",
     "which memory of it"},
}};

constexpr std::array<Template, 3> kSharedMemory = {{
    {"df -h -t tmpfs", "files on tmpfs, which are memory"},
    {"ipcs -m", "shared segments; those with nattch 0 nobody uses"},
    {"ls -lS /dev/shm | head -n 5", "the largest files of shared memory"},
}};

constexpr std::array<Template, 3> kDescriptors = {{
    {R"sh(ls -l /proc/PID/fd | sed -nE 's/.* -> //p' |
  sed -E 's/:\[[0-9]+\]$//; /memfd:/!s#/[^/ ]+( \(deleted\))?$#/*\1#' | sort | uniq -c | sort -rn | head)sh",
     "what they are, by kind: look twice, ten minutes apart"},
    {R"sh(ss -tanpH | grep "pid=PID," | awk '{sub(/:[0-9]+$/, "", $5); print $1, $4, $5}' | sort | uniq -c |
  sort -rn | head)sh",
     "sockets by state and other side: CLOSE-WAIT is this program's leak"},
    {"lsof -nP -a -p PID +L1 | head -n 5", "files that are deleted and still open"},
}};

std::span<const Template> OfMemory(std::string_view runtime) {
  if (runtime == "java") return kJava;
  if (runtime == "node") return kNode;
  if (runtime == "python") return kPython;
  if (runtime == "go") return kGo;
  if (runtime == "native") return kNative;
  return kAny;
}

std::span<const Template> TemplatesFor(std::string_view runtime, LeakKind leak) {
  switch (leak) {
    case LeakKind::kMemory:
      return OfMemory(runtime);
    case LeakKind::kSharedMemory:
      return kSharedMemory;
    case LeakKind::kDescriptors:
      break;
  }
  return kDescriptors;
}

std::string WithPid(std::string_view command, int32_t pid) {
  constexpr std::string_view kPid = "PID";
  std::string filled(command);
  for (size_t at = filled.find(kPid); at != std::string::npos; at = filled.find(kPid, at)) {
    filled.replace(at, kPid.size(), std::to_string(pid));
  }
  return filled;
}

}  // namespace

std::vector<NextCommand> NextCommands(std::string_view runtime, LeakKind leak, int32_t pid) {
  std::vector<NextCommand> commands;
  for (const Template& each : TemplatesFor(runtime, leak)) {
    commands.push_back({WithPid(each.command, pid), each.shows});
  }
  return commands;
}

}  // namespace memleak
