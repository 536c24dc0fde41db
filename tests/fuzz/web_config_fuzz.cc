// The web config file: it is taken or refused by one line that names the place.
#include <algorithm>
#include <string>

#include "exporter/config/errors.h"
#include "exporter/config/web_config.h"
#include "tests/fuzz/property.h"

namespace {

bool IsOneLine(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  WebConfig config;
  try {
    config = ParseWebConfig("file.yml", InputText(data, size));
  } catch (const UsageError& error) {
    const std::string_view message = error.what();
    Require(message.starts_with("file.yml:") && IsOneLine(message), "one line names the place");
    return 0;
  }
  for (const auto& [name, hash] : config.users) {
    Require(IsOneLine(name) && name.find(':') == std::string::npos, "a client can send the name");
    Require(hash.size() == 60 && hash.starts_with("$2"), "every user has a bcrypt hash");
  }
  for (const WebConfig::Header& header : config.headers) {
    Require(!header.name.empty() && IsOneLine(header.value), "a header is one line");
  }
  if (config.tls) {
    const WebConfig::Tls& tls = *config.tls;
    Require(!tls.cert_file.empty() && !tls.key_file.empty(), "there is a key pair");
    Require(tls.min_version <= tls.max_version, "there is a version to speak");
    Require(tls.client_allowed_sans.empty() || !tls.client_ca_file.empty(),
            "names are looked at on verified certificates only");
  }
  return 0;
}
