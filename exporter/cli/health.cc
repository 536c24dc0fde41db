#include "exporter/cli/health.h"

#include <chrono>
#include <cstddef>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include "exporter/cli/http_client.h"
#include "exporter/cli/http_url.h"
#include "exporter/config/errors.h"

namespace memleak {
namespace {

// Less than the timeout that a probe usually has.
constexpr std::chrono::milliseconds kPatience{2'500};
constexpr size_t kMaxBody = 4'096;
constexpr long kOk = 200;
constexpr long kUnauthorized = 401;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

int Health(const HealthOptions& options) {
  const std::optional<HttpUrl> parsed = ParseHttpUrl(options.url);
  if (!parsed) throw UsageError("--url: is not a URL; use one like http://127.0.0.1:10078");
  const HttpUrl url = ExporterUrl(*parsed);
  HttpAnswer answer;
  try {
    answer = HttpClient(url, kPatience, kMaxBody).Ask("/-/healthy", "");
  } catch (const HttpError& error) {
    throw std::runtime_error(url.base + ": " + error.what());
  }
  if (answer.status == kOk) {
    std::cout << "healthy\n";
    return 0;
  }
  if (answer.status == kUnauthorized) {
    throw std::runtime_error(url.base +
                             ": asks for a password; start the exporter with a "
                             "--web.health-address, and ask that");
  }
  throw std::runtime_error(url.base + ": answers " + std::to_string(answer.status) + ": " +
                           FirstLine(answer.body));
}

}  // namespace memleak
