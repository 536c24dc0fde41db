#include "exporter/config/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLettersAndDigits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr size_t kMaxHostBytes = 253;  // of a name in the DNS

// What the exporter itself serves beside the metrics.
constexpr std::string_view kReservedPaths[] = {"/", "/-/healthy", "/-/ready"};

bool ConsistsOf(std::string_view text, std::string_view accepted, std::string_view more = {}) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return accepted.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

bool IsAddress(int family, const std::string& text) {
  in6_addr address;  // the larger of the two
  return text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), &address) == 1;
}

bool IsHost(std::string_view host) {
  if (host.empty()) return true;  // every address of the machine
  if (host.front() == '[') {
    return host.back() == ']' && IsAddress(AF_INET6, std::string(host.substr(1, host.size() - 2)));
  }
  // A name of digits and dots is meant to be an address; no resolver should be asked
  // for 10.0.0.256.
  if (ConsistsOf(host, kDigits, ".")) return IsAddress(AF_INET, std::string(host));
  return host.size() <= kMaxHostBytes && ConsistsOf(host, kLettersAndDigits, ".-_");
}

bool IsPort(std::string_view port) {
  unsigned value = 0;
  return !port.empty() && port.size() <= 5 && ConsistsOf(port, kDigits) &&
         std::from_chars(port.data(), port.data() + port.size(), value).ec == std::errc() &&
         value <= 65535;
}

}  // namespace

bool ParseSwitch(std::string_view text) { return ParseChoice(text, {"false", "true"}) == 1; }

int ParseInteger(std::string_view text, int least, int most) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < least || value > most) {
    throw UsageError(Quoted(text) + " is not accepted; use a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

size_t ParseChoice(std::string_view text, const std::vector<std::string_view>& choices) {
  const auto found = std::find(choices.begin(), choices.end(), text);
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  std::string accepted;
  for (const std::string_view& choice : choices) {
    if (&choice != &choices.front()) accepted += &choice == &choices.back() ? " or " : ", ";
    accepted += choice;
  }
  throw UsageError(Quoted(text) + " is not accepted; use " + accepted);
}

std::string CheckListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsHost(text.substr(0, colon)) ||
      !IsPort(text.substr(colon + 1))) {
    throw UsageError(Quoted(text) +
                     " is not an address to listen on; use host:port, [v6]:port or " +
                     ":port, with a port from 0 to 65535");
  }
  return std::string(text);
}

std::string ParseTelemetryPath(std::string_view text) {
  if (std::find(std::begin(kReservedPaths), std::end(kReservedPaths), text) !=
      std::end(kReservedPaths)) {
    throw UsageError(Quoted(text) + " is taken; use a path other than /, /-/healthy and /-/ready");
  }
  const std::string segments = std::string(text) + '/';
  if (!text.starts_with('/') || !ConsistsOf(text, kLettersAndDigits, "/._~-") ||
      segments.find("//") != std::string::npos || segments.find("/./") != std::string::npos ||
      segments.find("/../") != std::string::npos) {
    throw UsageError(Quoted(text) + " is not a path to serve; use one like /metrics, of letters, " +
                     "digits and . _ ~ - between single slashes");
  }
  return std::string(text);
}

std::string ParsePath(std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) {
    throw UsageError(Quoted(text) + " is not a path; use the name of a file or folder");
  }
  return std::string(text);
}

std::string ParseNodeName(std::string_view text) {
  constexpr size_t kLongest = 253;  // of a domain name (RFC 1035)
  if (text.empty() || text.size() > kLongest || !ConsistsOf(text, kLettersAndDigits, "._-")) {
    throw UsageError(Quoted(text) + " is not a host's name; use letters, digits and . _ -");
  }
  return std::string(text);
}

std::string ParseGroupName(std::string_view text) {
  if (text.empty()) throw UsageError("an empty text names no group; use a group label's value");
  return std::string(text);
}

}  // namespace memleak
