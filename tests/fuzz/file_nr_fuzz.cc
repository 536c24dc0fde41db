// /proc/sys/fs/file-nr and /proc/loadavg, one line each: what is read stands in the text.
#include <string>

#include "exporter/host/node/file_nr.h"
#include "exporter/host/node/loadavg.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  if (const auto files = ParseFileNr(text)) {
    Require(text.find(std::to_string(files->max) + "\n") != std::string_view::npos,
            "the limit ends the line");
  }
  if (const auto threads = ParseThreadsOfLoadavg(text)) {
    Require(text.find(std::to_string(*threads) + " ") != std::string_view::npos,
            "the threads stand in the text");
  }
  return 0;
}
