// Performance data files: whoever runs in a container writes them.
#include <algorithm>
#include <memory>

#include "exporter/host/evidence/jvm_heap.h"
#include "exporter/host/evidence/perf_data.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view file = InputText(data, size);
  const auto parsed = PerfData::Parse(file);
  const auto heap = ParseJvmHeap(file);
  Require(parsed.has_value() == heap.has_value(), "a file is one for all counters or for none");
  if (!parsed) return 0;

  // What it says stands in it, whatever is asked for: each name that the input holds.
  for (size_t begin = 0; begin < file.size();) {
    const size_t end = std::min(file.find('\0', begin), file.size());
    const std::string_view name = file.substr(begin, end - begin);
    begin = end + 1;
    if (const auto text = parsed->Text(name)) {
      Require(text->empty() || (text->data() >= file.data() &&
                                text->data() + text->size() <= file.data() + file.size()),
              "a text lies within the file");
      Require(text->find('\0') == std::string_view::npos, "a text ends at its first NUL");
    }
    if (const auto number = parsed->Number(name, PerfData::Unit::kBytes)) {
      Require(*number <= uint64_t{INT64_MAX}, "a figure is not negative");
    }
  }

  // Cut anywhere before what it says is used, it is none.
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(data[at]); };
  const uint32_t used = data[4] == 1 ? byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24
                                     : byte(11) | byte(10) << 8 | byte(9) << 16 | byte(8) << 24;
  Require(used >= 32 && used <= size, "what is used lies within the file");
  const auto cut = std::make_unique<char[]>(used - 1);
  file.copy(cut.get(), used - 1);
  Require(!PerfData::Parse({cut.get(), used - 1}), "a file that is cut is refused");
  return 0;
}
