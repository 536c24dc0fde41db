// CSV for `analyze`: samples or an error, whatever the pieces, and words about them that hold.
#include <string>

#include "tests/fuzz/series_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  RequireSeriesHolds(text, std::nullopt);
  // Most inputs have no header of their own.
  std::string with_header = "timestamp,value,limit,cpu_seconds,threads,fds,start_time\n";
  with_header += text;
  RequireSeriesHolds(with_header, std::nullopt);
  return 0;
}
