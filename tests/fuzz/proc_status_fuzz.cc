// /proc/PID/status: figures are whole kibibytes, and what is absent stays unknown.
#include "exporter/host/proc_status.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto status = ParseProcStatus(text);
  if (!status) return 0;
  for (size_t i = 0; i < kMemoryFields; ++i) {
    const auto bytes = status->memory.Get(static_cast<MemoryField>(i));
    Require(!bytes || *bytes % 1024 == 0, "figures are whole kibibytes");
  }
  const auto has = [&](std::string_view key) { return text.find(key) != std::string_view::npos; };
  Require(has("VmRSS:") || !status->memory.Has(MemoryField::kResident), "no VmRSS, no figure");
  Require(has("RssAnon:") || !status->memory.Footprint(), "no RssAnon, no footprint");
  Require(has("Uid:") || !status->uid, "no Uid, no user");
  return 0;
}
