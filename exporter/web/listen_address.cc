#include "exporter/web/listen_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <memory>

#include "exporter/config/errors.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

[[noreturn]] void Refuse(std::string_view text, std::string_view reason) {
  throw StartupError("cannot listen on " + std::string(text) + ": " + std::string(reason));
}

// Whether the kernel has IPv6 (it can be switched off at boot).
bool KernelHasIpv6() {
  return UniqueFd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).get() >= 0;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

void Resolve(const std::string& host, bool literal, bool has_ipv6, ListenAddress& result) {
  addrinfo hints{};
  hints.ai_family = literal ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = literal ? AI_NUMERICHOST : 0;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    Refuse(result.text, literal ? "not an IPv6 address" : gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);

  const addrinfo* chosen = nullptr;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      chosen = each;
      break;
    }
    if (each->ai_family == AF_INET6 && chosen == nullptr) chosen = each;
  }
  if (chosen == nullptr) Refuse(result.text, "the name has no IP address");
  result.ipv6 = chosen->ai_family == AF_INET6;
  if (result.ipv6 && !has_ipv6) {
    Refuse(result.text, "the civetweb library on this system was built without IPv6");
  }

  std::array<char, NI_MAXHOST> numeric{};
  const int failed = getnameinfo(chosen->ai_addr, chosen->ai_addrlen, numeric.data(),
                                 numeric.size(), nullptr, 0, NI_NUMERICHOST);
  if (failed != 0) Refuse(result.text, gai_strerror(failed));
  result.address = numeric.data();
}

}  // namespace

std::string ListenAddress::PortSpec() const {
  const std::string number = std::to_string(port) + (tls ? "s" : "");
  if (address.empty()) return ipv6 ? "+" + number : number;
  return (ipv6 ? "[" + address + "]" : address) + ":" + number;
}

std::string ListenAddress::Url() const {
  const bool literal = name.find(':') != std::string::npos;
  return (tls ? "https://" : "http://") + (literal ? "[" + name + "]" : name) + ":" +
         std::to_string(port);
}

void ListenAddress::Knock() const {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string host = address.empty() ? "127.0.0.1" : address;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  const UniqueFd knock(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  static_cast<void>(connect(knock.get(), found->ai_addr, found->ai_addrlen));
}

ListenAddress ParseListenAddress(std::string_view text, bool has_ipv6) {
  ListenAddress result;
  result.text = text;

  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) Refuse(text, "no port; expected host:port or :port");
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc() || end != port.data() + port.size()) {
    Refuse(text, "the port must be a number from 0 to 65535");
  }

  std::string_view host = text.substr(0, colon);
  if (host.empty()) {
    result.name = "localhost";
    result.ipv6 = has_ipv6 && KernelHasIpv6();
    return result;
  }
  const bool literal = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (literal) host = host.substr(1, host.size() - 2);
  if (!literal && host.find_first_of("[]:") != std::string_view::npos) {
    Refuse(text, "an IPv6 address is written in brackets: [::1]:10078");
  }
  result.name = host;
  Resolve(result.name, literal, has_ipv6, result);
  return result;
}

}  // namespace memleak
