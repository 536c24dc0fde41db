// /proc/vmstat: a figure stands in the text behind its name; what is not named stays unknown.
#include <optional>
#include <string>

#include "exporter/host/node/vmstat.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto stat = ParseVmStat(text);
  if (!stat) return 0;
  Require(text.ends_with('\n'), "nothing is cut");
  const auto stands = [&](std::string_view key, std::optional<uint64_t> value) {
    const bool named =
        ("\n" + std::string(text)).find("\n" + std::string(key) + " ") != std::string::npos;
    Require(named == value.has_value(), "known when it is named");
    Require(!value || text.find(std::to_string(*value) + "\n") != std::string_view::npos,
            "the figure ends its line");
  };
  stands("pswpin", stat->swapped_in_pages);
  stands("pswpout", stat->swapped_out_pages);
  stands("pgmajfault", stat->major_faults);
  stands("oom_kill", stat->oom_kills);
  return 0;
}
