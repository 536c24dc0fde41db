// /proc/PID/mountinfo: what is known of hidepid was said on a line of the proc mount 22.
#include <string>

#include "exporter/host/node/hidepid.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto options = ParseHidepid(text, 22);
  if (!options) return 0;
  Require(text.find("22") != std::string_view::npos, "the mount is named");
  Require(text.find(" - proc") != std::string_view::npos, "and is a proc file system");
  Require(!options->hides || text.find("hidepid") != std::string_view::npos,
          "nothing hides that does not say so");
  Require(options->gid == 0 || text.find(std::to_string(options->gid)) != std::string_view::npos,
          "the group stands in the text");
  return 0;
}
