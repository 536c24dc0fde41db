// /proc/slabinfo: as many caches as lines behind the first two, each named by what begins its line.
#include <algorithm>
#include <vector>

#include "exporter/host/node/slabinfo.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  std::string_view text = InputText(data, size);
  std::vector<SlabInfoLine> lines;
  if (!ParseSlabInfo(text, lines)) return 0;
  Require(text.ends_with('\n'), "nothing is cut");
  size_t next = 0;
  TakeField(text);
  while (!text.empty()) {
    const std::string_view line = TakeField(text);
    if (line.starts_with("# name")) continue;
    Require(next < lines.size(), "every line is a cache");
    const std::string_view name = lines[next++].name;
    Require(!name.empty() && line.starts_with(name), "the name begins the line");
    Require(line.substr(name.size()).starts_with(' '), "a blank ends the name");
  }
  Require(next == lines.size(), "every cache is a line");
  return 0;
}
