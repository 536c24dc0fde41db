#include "exporter/web/tls_server.h"

#include <utility>

#include "exporter/config/errors.h"

namespace memleak {
namespace {

// The counter of handshakes, beside a context of ours and beside each SSL whose handshake is
// counted.
int CounterIndex() {
  static const int kIndex =
      CRYPTO_get_ex_new_index(openssl::kExIndexSslCtx, 0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

int CountedIndex() {
  // A handshake that fails is over when its SSL is freed.
  static const int kIndex =
      CRYPTO_get_ex_new_index(openssl::kExIndexSsl, 0, nullptr, nullptr, nullptr,
                              [](void*, void* counter, CRYPTO_EX_DATA*, int, long, void*) {
                                if (counter != nullptr) --*static_cast<std::atomic<int>*>(counter);
                              });
  return kIndex;
}

}  // namespace

TlsServer::TlsServer(std::function<std::shared_ptr<const TlsContext>()> current)
    : current_(std::move(current)), context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* const context = context_.get();
  if (context == nullptr || SSL_CTX_set_ex_data(context, CounterIndex(), &handshakes_) != 1) {
    throw StartupError("OpenSSL gives no context");
  }
  static_cast<void>(CountedIndex());  // before there is an SSL
  SSL_CTX_set_options(context, openssl::kOpNoTicket | openssl::kOpNoCompression |
                                   openssl::kOpNoRenegotiation |
                                   openssl::kOpCipherServerPreference);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_ctrl(context, openssl::kCtrlSetSessCacheMode, openssl::kSessCacheOff, nullptr);
  // An idle connection need not keep 32 KiB of buffers.
  SSL_CTX_ctrl(context, openssl::kCtrlMode, openssl::kModeReleaseBuffers, nullptr);
  SSL_CTX_set_client_hello_cb(context, &TlsServer::OnClientHello, this);
  SSL_CTX_set_info_callback(context, &TlsServer::OnInfo);
}

int TlsServer::OnClientHello(SSL* ssl, int* alert, void* server) noexcept {
  try {
    if (static_cast<TlsServer*>(server)->current_()->ApplyTo(ssl)) {
      SSL_set_info_callback(ssl, &TlsServer::OnInfo);
      return openssl::kClientHelloSuccess;
    }
  } catch (...) {  // out of memory
    *alert = openssl::kAlertInternalError;
    return openssl::kClientHelloError;
  }
  *alert = openssl::kAlertInternalError;
  return openssl::kClientHelloError;
}

void TlsServer::OnInfo(const SSL* ssl, int type, int /*value*/) noexcept {
  if (type != openssl::kCbHandshakeStart && type != openssl::kCbHandshakeDone) return;
  auto* const counted = static_cast<std::atomic<int>*>(SSL_get_ex_data(ssl, CountedIndex()));
  // The callback's SSL is const for no reason that OpenSSL keeps to.
  auto* const handshake = const_cast<SSL*>(ssl);
  if (type == openssl::kCbHandshakeDone) {
    if (counted == nullptr) return;
    SSL_set_ex_data(handshake, CountedIndex(), nullptr);
    --*counted;
    return;
  }
  auto* const counter =
      static_cast<std::atomic<int>*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), CounterIndex()));
  if (counted != nullptr || counter == nullptr) return;
  if (SSL_set_ex_data(handshake, CountedIndex(), counter) == 1) ++*counter;
}

}  // namespace memleak
