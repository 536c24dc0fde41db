// /etc/passwd of the host: a name is one line's first field.
#include "exporter/host/users.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  for (const auto& [uid, name] : ParsePasswd(text)) {
    Require(!name.empty(), "a user has a name");
    Require(name.find_first_of(":\n") == std::string::npos, "a name is one field");
    Require(text.find(name + ":") != std::string_view::npos, "a name stands in the text");
  }
  return 0;
}
