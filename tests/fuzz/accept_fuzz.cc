// Accept and Accept-Encoding headers: what goes back into a header is ours, never the client's.
#include <algorithm>
#include <string>

#include "exporter/exposition/negotiation.h"
#include "tests/fuzz/property.h"

namespace {

bool IsOurContentType(std::string_view type) {
  for (const std::string_view format :
       {"text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8"}) {
    if (!type.starts_with(format)) continue;
    const std::string_view rest = type.substr(format.size());
    for (const std::string_view known : {"", "; escaping=allow-utf-8", "; escaping=underscores",
                                         "; escaping=dots", "; escaping=values"}) {
      if (rest == known) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view header = InputText(data, size);
  std::string lower(header);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const auto has = [&](std::string_view text) { return lower.find(text) != std::string::npos; };

  const Negotiated negotiated = NegotiateFormat(header);
  Require(IsOurContentType(ContentType(negotiated)), "the content type is one of ours");
  Require(negotiated.format == Format::kText || has("application/openmetrics-text") ||
              has("application/*") || has("*/*"),
          "OpenMetrics is for those who asked for it");
  Require(negotiated.escaping.empty() || has("escaping"), "an escaping scheme was named");
  Require(!AcceptsGzip(header) || has("gzip") || has("*"), "gzip is for those who asked for it");
  return 0;
}
