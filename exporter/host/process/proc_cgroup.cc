#include "exporter/host/process/proc_cgroup.h"

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// Whether the comma-separated `controllers` name `memory`.
bool NamesMemory(std::string_view controllers) {
  while (!controllers.empty()) {
    const size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == "memory") return true;
    if (comma == std::string_view::npos) break;
    controllers.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::string_view MemoryCgroupPath(std::string_view text) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::string_view unified;
  std::string_view line;
  while (TakeLine(text, line)) {  // "ID:CONTROLLERS:/PATH"; the path may hold colons
    const size_t controllers = line.find(':');
    if (controllers == std::string_view::npos) continue;
    const size_t end = line.find(':', controllers + 1);
    if (end == std::string_view::npos) continue;
    std::string_view path = line.substr(end + 1);
    if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
    if (!path.starts_with('/')) continue;
    if (NamesMemory(line.substr(controllers + 1, end - controllers - 1))) return path;
    if (line.starts_with("0::")) unified = path;
  }
  return unified;
}

}  // namespace memleak
