// Which names a client's certificate may have (`client_allowed_sans`).
//
// As the exporter-toolkit has it: one of the certificate's names (subjectAltName of RFC 5280,
// section 4.2.1.6) must be one of the list, byte for byte; no wildcards, and the common name is not
// looked at.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memleak {

class ClientNames {
 public:
  explicit ClientNames(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}

  // Nothing was asked for: any name will do, or none.
  bool any() const { return allowed_.empty(); }
  // A DNS name, an email address or a URI.
  bool AllowsText(std::string_view name) const;
  // An IP address as the certificate has it: 4 or 16 bytes. How it is spelt in the list is all one.
  bool AllowsAddress(std::string_view bytes) const;

 private:
  std::vector<std::string> allowed_;
};

}  // namespace memleak
