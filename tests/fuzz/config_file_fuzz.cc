// The configuration file: it is taken or refused by one line that names the place.
#include <algorithm>
#include <string>
#include <vector>

#include "exporter/config/config_file.h"
#include "exporter/config/errors.h"
#include "exporter/config/flags.h"
#include "tests/fuzz/property.h"

namespace {

constexpr memleak::CollectorFlag kCollectors[] = {{"process", "Processes.", true},
                                                  {"process_vm", "More of them.", false}};

void CheckMessage(std::string_view message) {
  using memleak::Require;
  constexpr std::string_view kStart = "file.yml:";
  Require(message.starts_with(kStart), "the message names the file");
  Require(message[kStart.size()] >= '1' && message[kStart.size()] <= '9', "and the line");
  Require(std::none_of(message.begin(), message.end(),
                       [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; }),
          "it is one printable line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  static const std::vector<Flag> flags = FlagTable(kCollectors);
  Options options;
  try {
    ApplyConfigText("file.yml", InputText(data, size), flags, options);
  } catch (const UsageError& error) {
    CheckMessage(error.what());
    return 0;
  }
  Require(!options.web.listen_addresses.empty(), "there is somewhere to listen");
  Require(options.web.telemetry_path.starts_with('/'), "the metrics have a path");
  Require(options.web.max_requests > 0 && options.trend.interval.count() > 0 &&
              options.trend.slot.count() > 0,
          "limits are positive");
  for (const GroupRule& rule : options.group.rules) {
    Require(!rule.name.empty() && !rule.regex.empty(), "a rule has a name and a match");
  }
  return 0;
}
