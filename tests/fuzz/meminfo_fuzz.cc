// /proc/meminfo: without a total there is nothing, and what is absent stays unknown.
#include "exporter/host/node/meminfo.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto info = ParseMemInfo(text);
  if (!info) return 0;
  const auto known = [&](MemInfoField field) { return (*info)[static_cast<size_t>(field)]; };
  for (const auto& bytes : *info) Require(!bytes || *bytes % 1024 == 0, "whole kibibytes");
  Require(known(MemInfoField::kTotal).has_value(), "there is a total");
  Require(!known(MemInfoField::kAvailable) || text.find("MemAvailable:") != std::string_view::npos,
          "no MemAvailable, no figure");
  return 0;
}
