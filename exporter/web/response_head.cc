#include "exporter/web/response_head.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace memleak {
namespace {

constexpr int kNotModified = 304;

std::string HttpDate() {
  const time_t now = std::time(nullptr);
  tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

}  // namespace

std::string ResponseHead(const HttpResponse& response, std::string_view reason,
                         const std::vector<WebConfig::Header>& extra, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason);
  head += "\r\nDate: " + HttpDate();
  head += "\r\n";
  // One that is not modified has no body, and the length would be that of the body it has not.
  if (response.status != kNotModified) {
    head += "Content-Type: " + response.content_type;
    head += "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  }

  constexpr std::string_view kMayBeKept = "Cache-Control:";
  std::string ours =
      response.headers.find(kMayBeKept) == std::string::npos ? "Cache-Control: no-store\r\n" : "";
  ours += "X-Content-Type-Options: nosniff\r\n" + response.headers;
  for (std::string_view rest = ours; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n") + 2);
    rest.remove_prefix(line.size());
    const std::string_view name = line.substr(0, line.find(':'));
    const bool replaced =
        std::any_of(extra.begin(), extra.end(),
                    [&](const WebConfig::Header& header) { return header.name == name; });
    if (!replaced) head += line;
  }
  for (const WebConfig::Header& header : extra) head += header.name + ": " + header.value + "\r\n";
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace memleak
