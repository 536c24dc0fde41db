// Query strings: bounded, never longer than what was sent, and the same when sent again encoded.
#include <string>

#include "exporter/web/query.h"
#include "tests/fuzz/property.h"

namespace {

void AppendEncoded(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const auto pairs = ParseQuery(InputText(data, size));
  Require(pairs.size() <= 400, "at most 400 pairs");
  size_t bytes = 0;
  std::string encoded;
  for (const auto& [key, value] : pairs) {
    bytes += key.size() + value.size();
    AppendEncoded(encoded, key);
    encoded += '=';
    AppendEncoded(encoded, value);
    encoded += '&';
  }
  Require(bytes <= size, "decoding does not grow");
  Require(ParseQuery(encoded) == pairs, "encoded pairs are read as they are");
  return 0;
}
