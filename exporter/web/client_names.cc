#include "exporter/web/client_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace memleak {

bool ClientNames::AllowsText(std::string_view name) const {
  return std::find(allowed_.begin(), allowed_.end(), name) != allowed_.end();
}

bool ClientNames::AllowsAddress(std::string_view bytes) const {
  const int family = bytes.size() == sizeof(in_addr)    ? AF_INET
                     : bytes.size() == sizeof(in6_addr) ? AF_INET6
                                                        : AF_UNSPEC;
  if (family == AF_UNSPEC) return false;
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const std::string& text) {
    std::array<char, sizeof(in6_addr)> address{};
    return inet_pton(family, text.c_str(), address.data()) == 1 &&
           bytes == std::string_view(address.data(), bytes.size());
  });
}

}  // namespace memleak
