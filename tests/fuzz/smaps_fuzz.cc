// /proc/PID/smaps: read() cuts it anywhere, and names in it are hostile.
//
// Input: how long the pieces are, as one byte; the rest is the text.
#include <algorithm>
#include <string>

#include "exporter/host/evidence/smaps.h"
#include "tests/fuzz/property.h"

namespace {

using memleak::Mappings;
using memleak::Require;
using memleak::SmapsParser;

// A mapping of a file, as the kernel would print its name: newlines escaped.
std::string FileMapping(std::string_view path) {
  std::string text = "7f0000000000-7f0000400000 rw-p 00000000 fe:00 12345                      /";
  for (const char c : path) {
    if (c == '\n') {
      text += "\\012";
    } else if (c != '\0') {
      text += c;
    }
  }
  return text + "\nRss:   4 kB\nPss:   3 kB\nSwap:  2 kB\n";
}

bool Same(const Mappings& a, const Mappings& b) {
  return a.resident == b.resident && a.swapped == b.swapped && a.proportional == b.proportional &&
         a.count == b.count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = std::max<size_t>(data[0], 1);
  const std::string_view text = memleak::InputText(data + 1, size - 1);

  SmapsParser whole;
  const bool understood = whole.Add(text);
  Require(understood || !whole.Finish(), "what was not understood stays so");
  SmapsParser pieces;
  for (size_t at = 0; at < text.size(); at += piece) pieces.Add(text.substr(at, piece));
  Require(whole.Finish() == pieces.Finish(), "any split is understood as the whole is");
  if (whole.Finish()) {
    Require(Same(whole.mappings(), pieces.mappings()), "any split has the sums of the whole");
    Require(text.empty() || text.ends_with('\n'), "nothing is cut");
    Require(
        whole.mappings().count <= static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')),
        "a mapping has a line");
  }

  // The input as the name of a file: it moves no figure, and never is the heap or a stack.
  SmapsParser named;
  Require(named.Add(FileMapping(text)) && named.Finish(), "any name can be read");
  const Mappings& mappings = named.mappings();
  Require(mappings.count == 1 && mappings.proportional == 3 * 1024, "a name adds no mapping");
  Require(mappings.Resident(memleak::MappingKind::kHeap) == 0 &&
              mappings.Resident(memleak::MappingKind::kStack) == 0,
          "a file cannot imitate the kernel's names");
  uint64_t resident = 0;
  for (const uint64_t bytes : mappings.resident) resident += bytes;
  Require(resident == 4 * 1024, "its size is some kind's");
  return 0;
}
