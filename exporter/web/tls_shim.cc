#include "exporter/web/tls_shim.h"

#include <dlfcn.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "exporter/config/errors.h"

namespace memleak {
namespace {

// Where the build and an installation have it, from the program's folder. Full paths, since the
// search path of a caller is not followed where a sanitizer has taken dlopen's place.
constexpr const char* kFolders[] = {"lib/memleak_exporter", "../lib/memleak_exporter"};

}  // namespace

void LoadTlsShim() {
  std::error_code unknown;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  for (const char* name : {"libcrypto.so", "libssl.so"}) {
    bool loaded = false;
    for (const char* folder : kFolders) {
      const std::string path = program.parent_path() / folder / name;
      loaded = loaded || dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr;
    }
    if (!loaded) {
      throw StartupError("cannot serve TLS: " + std::string(name) + " is neither in " +
                         (program.parent_path() / kFolders[0]).string() + " nor in " +
                         (program.parent_path() / kFolders[1]).lexically_normal().string() +
                         "; it belongs to memleak_exporter, so install that whole");
    }
  }
}

}  // namespace memleak
