#include "exporter/cli/series_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace memleak {
namespace {

constexpr size_t kPiece = size_t{256} << 10;

[[noreturn]] void Fail(int error) {
  throw SeriesError(0, "cannot be read: " + std::generic_category().message(error));
}

}  // namespace

void ReadSeriesFile(const std::string& path, std::optional<double> interval,
                    SeriesReader::Sink sink) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(nullptr, std::fclose);
  std::FILE* file = stdin;
  if (path != "-") {
    opened.reset(std::fopen(path.c_str(), "re"));
    file = opened.get();
    if (file == nullptr) Fail(errno);
  }
  SeriesReader reader(interval, std::move(sink));
  std::vector<char> buffer(kPiece);
  while (const size_t size = std::fread(buffer.data(), 1, buffer.size(), file)) {
    reader.Feed({buffer.data(), size});
  }
  if (std::ferror(file) != 0) Fail(errno);
  reader.End();
}

}  // namespace memleak
