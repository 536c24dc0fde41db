#include "exporter/host/users.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "exporter/host/file_reader.h"
#include "exporter/host/text_scan.h"

namespace memleak {

std::unordered_map<uint32_t, std::string> ParsePasswd(std::string_view text) {
  std::unordered_map<uint32_t, std::string> names;
  while (!text.empty()) {
    std::string_view line;
    if (!TakeLine(text, line)) line = std::exchange(text, {});  // people forget the last newline
    const size_t name_end = line.find(':');
    if (name_end == std::string_view::npos || name_end == 0) continue;
    const size_t password_end = line.find(':', name_end + 1);
    if (password_end == std::string_view::npos) continue;
    std::string_view rest = line.substr(password_end + 1);
    uint32_t uid = 0;
    if (!TakeNumber(rest, uid) || !rest.starts_with(':')) continue;
    names.emplace(uid, line.substr(0, name_end));
  }
  return names;
}

std::string Users::Name(uint32_t uid) {
  const std::lock_guard lock(mutex_);
  struct stat file {};
  if (stat(path_.c_str(), &file) == 0) {
    const int64_t modified = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
    if (modified != modified_ns_) {
      FileReader reader;
      std::string_view text;
      if (reader.Read(AT_FDCWD, path_.c_str(), text) == ReadStatus::kOk) {
        names_ = ParsePasswd(text);
        modified_ns_ = modified;
      }
    }
  }
  const auto found = names_.find(uid);
  return found == names_.end() ? std::to_string(uid) : found->second;
}

}  // namespace memleak
