#include "exporter/config/text_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"

namespace memleak {

std::string ReadTextFile(std::string_view what, const std::string& path) {
  const auto fail = [&](int error) {
    throw StartupError(std::string(what) + ": cannot read " + Quoted(path) + ": " +
                       std::generic_category().message(error));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (file == nullptr) fail(errno);
  std::string text(kMaxTextFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) fail(errno);
  return text;
}

}  // namespace memleak
