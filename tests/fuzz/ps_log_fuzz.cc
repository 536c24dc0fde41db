// Logs of ps for `analyze`: samples or an error, whatever the pieces, and words about them that
// hold; with and without an interval for bare numbers.
#include "tests/fuzz/series_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  RequireSeriesHolds(text, std::nullopt);
  RequireSeriesHolds(text, 60);
  return 0;
}
