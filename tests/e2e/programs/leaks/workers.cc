// A small supervisor that starts workers all the time.
//
//   workers SCHEDULE BYTES MORE SECONDS
//
// SCHEDULE (see pace.h) is workers per second. The first one holds BYTES and each one MORE than the
// one before it; each lives for so many SECONDS. They end with their parent.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "pace.h"

namespace memleak {
namespace {

char* volatile held = nullptr;

[[noreturn]] void Work(size_t bytes, double seconds) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  held = Fill(new char[bytes], bytes);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  _exit(0);
}

int Main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: workers SCHEDULE BYTES MORE SECONDS\n";
    return 2;
  }
  const Schedule schedule(argv[1]);
  size_t bytes = std::strtoul(argv[2], nullptr, 10);
  const size_t more = std::strtoul(argv[3], nullptr, 10);
  const double seconds = std::strtod(argv[4], nullptr);
  Requests starts(schedule);
  Pace pace;
  while (pace.Wait()) {
    for (long due = starts.Due(pace.seconds()); due > 0; --due, bytes += more) {
      if (fork() == 0) Work(bytes, seconds);
    }
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
  }
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) { return memleak::Main(argc, argv); }
