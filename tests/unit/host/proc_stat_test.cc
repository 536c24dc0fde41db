#include "exporter/host/process/proc_stat.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

// A line of Linux 6.1 with its fields numbered as in proc_pid_stat(5) where they are read.
std::string Line(const std::string& comm) {
  return "4242 (" + comm +
         ") S 1 4242 4242 0 -1 4194560 2510 77 9 3 1234 567 11 12 20 0 18 0 98765 1073741824 25600 "
         "18446744073709551615 94000000000000 94000000100000 140730000000000 0 0 0 0 4096 81920 0 "
         "0 0 17 1 0 0 0 0 0 94000000200000 94000000210000 94000030000000 140730000001111 "
         "140730000001200 140730000001200 140730000001999 0\n";
}

}  // namespace

TEST_CASE("a stat line's fields are read by their positions") {
  const std::string text = Line("nginx");
  const auto stat = ParseProcStat(text);
  REQUIRE(stat);
  CHECK(stat->pid == 4242);
  CHECK(stat->comm == "nginx");
  CHECK(stat->state == 'S');
  CHECK(stat->flags == 4194560);
  CHECK(stat->major_faults == 9);
  CHECK(stat->user_ticks == 1234);
  CHECK(stat->system_ticks == 567);
  CHECK(stat->threads == 18);
  CHECK(stat->start_ticks == 98765);
  CHECK(stat->arg_start == 140730000001111);
}

TEST_CASE("any byte but NUL may stand in a comm") {
  const std::string comm = GENERATE(as<std::string>(), "", "a b", ")", "(", ") S 1 2", "((()))",
                                    "x) R 9 9 9 (y", "new\nline", "quote\"back\\slash", "<script>",
                                    "\xff\xfe\x80", "kworker/u16:3-events_unbound");
  const std::string text = Line(comm);
  const auto stat = ParseProcStat(text);
  REQUIRE(stat);
  CHECK(stat->comm == comm);
  CHECK(stat->state == 'S');
  CHECK(stat->start_ticks == 98765);
}

TEST_CASE("a stat line that is cut off anywhere is refused or says the same") {
  const std::string text = Line("cut) off");
  for (size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(ParseProcStat(text.substr(0, size)));
  }
}

TEST_CASE("text that is no stat line is refused") {
  const std::string text =
      GENERATE(as<std::string>(), "", "\n", "1\n", "1 (x)\n", "1 (x) \n", "(x) S 1\n",
               "-1 (x) S 1 1 1 0 -1 0 1 0 1 0 1 1 0 0 20 0 1 0 5\n",
               "1 )x( S 1 1 1 0 -1 0 1 0 1 0 1 1 0 0 20 0 1 0 5\n",
               "1 (x) S 1 1 1 0 -1 0 1 0 one 0 1 1 0 0 20 0 1 0 5\n",
               "1 (x) S 1 1 1 0 -1 0 1 0 1 0 99999999999999999999 1 0 0 20 0 1 0 5\n");
  CHECK_FALSE(ParseProcStat(text));
}

TEST_CASE("a stat line of an old kernel ends before the address of the arguments") {
  const auto stat = ParseProcStat("1 (x) S 1 1 1 0 -1 0 1 0 1 0 1 1 0 0 20 0 1 0 5\n");
  REQUIRE(stat);
  CHECK(stat->start_ticks == 5);
  CHECK(stat->arg_start == 0);
}

}  // namespace memleak
