// Where the server listens: `:port` (all addresses), `host:port`, `[v6]:port`.
//
// Names are resolved here and not by civetweb, which refuses names that start with a digit, reads a
// leading 0 of a port as octal, and does not say what was wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace memleak {

struct ListenAddress {
  std::string text;     // as it was configured, for messages
  std::string name;     // host as it stands in a URL; "localhost" for all addresses
  std::string address;  // numeric; empty for all addresses
  bool ipv6 = false;    // for all addresses: IPv6 and IPv4
  uint16_t port = 0;    // 0: any free one
  bool tls = false;

  // civetweb's `listening_ports` notation.
  std::string PortSpec() const;
  // The base URL. `port` must be the one that is really listened on.
  std::string Url() const;
  // Opens a connection and drops it at once; nothing comes of a failure.
  void Knock() const;
};

// Parses and resolves; of a name's addresses the first IPv4 one is taken, else the first IPv6 one.
// `has_ipv6` says whether the HTTP library can listen on IPv6. Throws StartupError with one line
// that names the address and the reason. A lookup may take as long as the resolver does.
ListenAddress ParseListenAddress(std::string_view text, bool has_ipv6);

}  // namespace memleak
