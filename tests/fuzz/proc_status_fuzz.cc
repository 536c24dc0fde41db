// /proc/PID/status: figures are whole kibibytes, and what is absent stays unknown.
#include <algorithm>
#include <string>

#include "exporter/host/process/proc_status.h"
#include "tests/fuzz/property.h"

namespace memleak {
namespace {

void CheckAnyText(std::string_view text) {
  const auto status = ParseProcStatus(text);
  if (!status) return;
  for (size_t i = 0; i < kMemoryFields; ++i) {
    const auto bytes = status->memory.Get(static_cast<MemoryField>(i));
    Require(!bytes || *bytes % 1024 == 0, "figures are whole kibibytes");
  }
  const auto has = [&](std::string_view key) { return text.find(key) != std::string_view::npos; };
  Require(has("VmRSS:") || !status->memory.Has(MemoryField::kResident), "no VmRSS, no figure");
  Require(has("RssAnon:") || !status->memory.Footprint(), "no RssAnon, no footprint");
  Require(has("Uid:") || !status->uid, "no Uid, no user");
}

// The name is what a process chooses; the kernel escapes newlines in it.
void CheckAnyName(std::string_view text) {
  std::string status_text = "Name:\t";
  status_text += text;
  std::replace(status_text.begin(), status_text.end(), '\n', '?');
  status_text +=
      "\nUid:\t1\t7\t3\t4\nVmRSS:\t    20 kB\nRssAnon:\t    12 kB\nVmSwap:\t     4 "
      "kB\nThreads:\t1\n";
  const auto status = ParseProcStatus(status_text);
  Require(status.has_value(), "any name can be read");
  Require(status->uid == 7u, "the effective user");
  Require(status->memory.Get(MemoryField::kResident) == 20u * 1024, "VmRSS");
  Require(status->memory.Footprint() == 16u * 1024, "anonymous and swapped");
}

}  // namespace
}  // namespace memleak

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = memleak::InputText(data, size);
  memleak::CheckAnyText(text);
  memleak::CheckAnyName(text);
  return 0;
}
