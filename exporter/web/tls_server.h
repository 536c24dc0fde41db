// What civetweb needs to speak TLS: one SSL_CTX that stays the same for as long as the server runs.
// Each handshake is handed on, in its first moment, to the configuration that holds then, so that a
// certificate changes between two handshakes and no connection notices.
//
// Sessions are not resumed, by ticket or by cache: a resumed one would still show the certificate
// that the client was let in with, whatever the configuration says since. A full handshake costs
// about a millisecond, and a scrape keeps its connection.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "exporter/web/openssl_api.h"
#include "exporter/web/tls_context.h"

namespace memleak {

class TlsServer {
 public:
  // `current` is asked in each handshake, on any thread. Throws StartupError.
  explicit TlsServer(std::function<std::shared_ptr<const TlsContext>()> current);

  // For civetweb, which makes an SSL of it for each connection; none may outlive the server.
  SSL_CTX* context() const { return context_.get(); }

  // Handshakes that have begun and neither succeeded nor failed: each holds a worker.
  int handshakes() const { return handshakes_; }

 private:
  static int OnClientHello(SSL* ssl, int* alert, void* server) noexcept;
  static void OnInfo(const SSL* ssl, int type, int value) noexcept;

  const std::function<std::shared_ptr<const TlsContext>()> current_;
  std::atomic<int> handshakes_{0};
  std::unique_ptr<SSL_CTX, openssl::Freed<SSL_CTX_free>> context_;
};

}  // namespace memleak
