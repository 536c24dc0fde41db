// /proc/pressure/memory: a total stands in the text, and without `some` there is nothing.
#include <string>

#include "exporter/host/node/pressure.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto pressure = ParseMemoryPressure(text);
  if (!pressure) return 0;
  Require(pressure->some_microseconds.has_value(), "there is a some line");
  for (const auto& total : {pressure->some_microseconds, pressure->full_microseconds}) {
    Require(!total || text.find(std::to_string(*total)) != std::string_view::npos,
            "the total stands in the text");
  }
  return 0;
}
