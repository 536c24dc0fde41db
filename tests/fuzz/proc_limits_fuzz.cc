// /proc/PID/limits: a limit is a number that stands in the text.
#include <string>

#include "exporter/host/process/proc_limits.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto limit = ParseMaxOpenFiles(text);
  Require(!limit || text.find(std::to_string(*limit)) != std::string_view::npos,
          "the limit stands in the text");
  return 0;
}
