#include "exporter/cli/http_url.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace memleak {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace

std::optional<HttpUrl> ParseHttpUrl(std::string_view text) {
  HttpUrl url;
  for (const std::string_view scheme : {"http", "https"}) {
    if (text.starts_with(std::string(scheme) + "://")) url.scheme = scheme;
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != '?' && c != '#' && c != '\\' && c != '"';
  });
  if (url.scheme.empty() || !plain) return std::nullopt;
  text.remove_prefix(url.scheme.size() + 3);
  const std::string_view authority = text.substr(0, text.find('/'));
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view who = authority.substr(0, at);
    const size_t colon = std::min(who.find(':'), who.size());
    const auto user = PercentDecoded(who.substr(0, colon));
    const auto password = PercentDecoded(who.substr(std::min(colon + 1, who.size())));
    if (!user || !password) return std::nullopt;
    url.user = *user;
    url.password = *password;
    text.remove_prefix(at + 1);
  }
  if (text.empty() || text.starts_with('/') || text.starts_with(':')) return std::nullopt;
  while (text.ends_with('/')) text.remove_suffix(1);
  url.base = url.scheme + "://" + std::string(text);
  return url;
}

HttpUrl ExporterUrl(HttpUrl url) {
  for (const std::string_view path : {"/metrics", "/-/healthy", "/-/ready"}) {
    if (url.base.ends_with(path)) url.base.resize(url.base.size() - path.size());
  }
  return url;
}

bool IsLoopback(const HttpUrl& url) {
  std::string_view host = url.base;
  host.remove_prefix(url.scheme.size() + 3);
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~";
  std::string encoded;
  for (const char c : text) {
    if (IsLetterOrDigit(c) || kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 0xF];
    }
  }
  return encoded;
}

}  // namespace memleak
