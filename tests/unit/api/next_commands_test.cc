#include "exporter/web/api/next_commands.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr int32_t kPid = 987654321;

// All pages, which show commands with PID for the process.
std::string Runbooks() {
  std::ostringstream all;
  for (const auto& entry : std::filesystem::directory_iterator(MEMLEAK_RUNBOOKS)) {
    if (entry.path().extension() == ".md") all << std::ifstream(entry.path()).rdbuf();
  }
  return all.str();
}

std::string WithoutPid(std::string command) {
  const std::string pid = std::to_string(kPid);
  for (size_t at = command.find(pid); at != std::string::npos; at = command.find(pid)) {
    command.replace(at, pid.size(), "PID");
  }
  return command;
}

}  // namespace

TEST_CASE("what to run next is what the runbooks show") {
  const std::string runbooks = Runbooks();
  REQUIRE(runbooks.size() > 10'000);
  for (const char* runtime :
       {"java", "node", "python", "go", "native", "ruby", "perl", "php", ""}) {
    for (const LeakKind leak :
         {LeakKind::kMemory, LeakKind::kSharedMemory, LeakKind::kDescriptors}) {
      const std::vector<NextCommand> commands = NextCommands(runtime, leak, kPid);
      CHECK(!commands.empty());
      CHECK(commands.size() <= 3);
      for (const NextCommand& next : commands) {
        CHECK_THAT(runbooks, ContainsText(WithoutPid(next.command)));
        CHECK_THAT(next.command, !ContainsText("PID"));
        CHECK(!next.shows.empty());
      }
    }
  }
}

TEST_CASE("nothing that is proposed ends the process") {
  for (const char* runtime : {"java", "node", "python", "go", "native", ""}) {
    for (const NextCommand& next : NextCommands(runtime, LeakKind::kMemory, kPid)) {
      CHECK_THAT(next.command, !ContainsText("kill"));
    }
  }
}

TEST_CASE("each runtime has its own way") {
  CHECK_THAT(NextCommands("java", LeakKind::kMemory, 42)[0].command,
             ContainsText("jstat -gcutil 42 "));
  CHECK(NextCommands("node", LeakKind::kMemory, 42)[0].command == "node inspect -p 42");
  CHECK_THAT(NextCommands("java", LeakKind::kDescriptors, 42)[0].command,
             ContainsText("/proc/42/fd"));
}

}  // namespace memleak
