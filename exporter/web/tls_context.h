// One configuration of TLS, ready to be spoken: certificate, key, client CAs, versions, ciphers.
//
// Immutable, so any thread may use it while the next one is made. OpenSSL does the work;
// openssl_api.h says which functions.
#pragma once

#include <memory>
#include <string_view>

#include "exporter/config/web_config.h"
#include "exporter/web/openssl_api.h"

namespace memleak {

class TlsContext {
 public:
  // `certificate`, `key` and `client_ca` are what is in the files that `config` names (PEM). Throws
  // StartupError with one line that names the key and its file.
  TlsContext(const WebConfig::Tls& config, std::string_view certificate, std::string_view key,
             std::string_view client_ca);

  // Makes a handshake that has only just begun (SSL_CTX_set_client_hello_cb(3)) go on with this
  // configuration; `ssl` keeps what it needs of it. False when OpenSSL has no memory.
  bool ApplyTo(SSL* ssl) const;

 private:
  std::unique_ptr<SSL_CTX, openssl::Freed<SSL_CTX_free>> context_;
  int verify_mode_ = openssl::kVerifyNone;  // SSL_set_verify(3)
  const WebConfig::Tls config_;
};

}  // namespace memleak
