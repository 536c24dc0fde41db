#include "exporter/host/boot_id.h"

#include <fcntl.h>

#include <algorithm>
#include <cstddef>

#include "exporter/host/file_reader.h"

namespace memleak {

bool IsBootId(std::string_view text) {
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(text.begin(), text.end(), kPattern.begin(), kPattern.end(),
                    [](char c, char expected) {
                      if (expected == '-') return c == '-';
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
}

std::optional<std::string> ReadBootId(const std::string& procfs) {
  FileReader reader;
  std::string_view text;
  const std::string path = procfs + "/sys/kernel/random/boot_id";
  if (reader.Read(AT_FDCWD, path.c_str(), text) != ReadStatus::kOk) return std::nullopt;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!IsBootId(text)) return std::nullopt;
  return std::string(text);
}

}  // namespace memleak
