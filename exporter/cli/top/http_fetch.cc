#include "exporter/cli/top/http_fetch.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "exporter/cli/http_client.h"
#include "exporter/cli/http_url.h"
#include "exporter/config/errors.h"

namespace memleak {
namespace {

// 10,000 processes with all that is known of them are less.
constexpr size_t kMaxBody = size_t{64} << 20;

}  // namespace

HttpSource OpenHttp(std::string_view url, std::chrono::milliseconds patience) {
  const std::optional<HttpUrl> parsed = ParseHttpUrl(url);
  if (!parsed) throw UsageError("--url: is not a URL; use one like http://localhost:10078");
  const HttpUrl exporter = ExporterUrl(*parsed);
  HttpSource source;
  source.name = exporter.base;
  const auto client = std::make_shared<HttpClient>(exporter, patience, kMaxBody);
  source.fetch = [client](const std::string& path, const std::string& query) {
    HttpAnswer answer = client->Ask(path, query);
    return FetchAnswer{answer.status, std::move(answer.body)};
  };
  return source;
}

}  // namespace memleak
