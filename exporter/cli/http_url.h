// The URL of a server, taken apart so that its password is never shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace memleak {

struct HttpUrl {
  std::string scheme;  // http or https
  std::string base;    // without user and password, and without a slash at its end; safe to show
  std::string user;    // decoded; empty where there is none
  std::string password;
};

// `http[s]://[USER[:PASSWORD]@]HOST[:PORT][/PATH]`; nothing for anything else.
std::optional<HttpUrl> ParseHttpUrl(std::string_view text);

// Of an exporter: without the path that its log, a Prometheus or a probe has behind it.
HttpUrl ExporterUrl(HttpUrl url);

// Whether it is on this host, which no proxy can reach for us: localhost, 127.0.0.0/8, [::1].
bool IsLoopback(const HttpUrl& url);

// With everything but letters, digits and `-._~` as %XX.
std::string PercentEncoded(std::string_view text);

}  // namespace memleak
