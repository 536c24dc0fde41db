// /proc/PID/stat: a comm can hold anything and must not move a field.
#include <string>

#include "exporter/host/process/proc_stat.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  if (const auto stat = ParseProcStat(text)) {
    Require(stat->pid > 0, "a pid is positive");
    Require(text.find('(') + 1 + stat->comm.size() == text.rfind(')'),
            "the comm is what stands between the first and the last parenthesis");
  }

  // The input as a comm of an otherwise good line.
  constexpr std::string_view kRest =
      " S 1 2 3 4 -1 4194560 10 20 30 40 50 60 70 80 20 0 9 0 1234 4096 7 18446744073709551615 "
      "1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 2 3 4 77 88 5 6 0\n";
  std::string line = "42 (";
  line += text;
  line += ')';
  line += kRest;
  const auto stat = ParseProcStat(line);
  Require(stat.has_value(), "any comm can be read");
  Require(stat->comm == text && stat->pid == 42 && stat->state == 'S', "head");
  Require(stat->flags == 4194560 && stat->major_faults == 30, "fields 9 to 13");
  Require(stat->user_ticks == 50 && stat->system_ticks == 60 && stat->threads == 9 &&
              stat->start_ticks == 1234 && stat->arg_start == 77,
          "fields 14 to 48");
  return 0;
}
