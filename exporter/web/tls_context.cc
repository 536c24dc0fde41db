#include "exporter/web/tls_context.h"

#include <algorithm>
#include <climits>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/web/client_names.h"

namespace memleak {
namespace {

using ClientAuth = WebConfig::ClientAuth;
using Certificate = std::unique_ptr<X509, openssl::Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, openssl::Freed<BIO_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, openssl::Freed<EVP_PKEY_free>>;

// Forward secrecy and authenticated encryption, which every client of TLS 1.2 that is still kept up
// has; TLS 1.3 has nothing else.
constexpr const char* kDefaultTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// "KEY: WHAT "FILE" (reason)", the reason being what OpenSSL says.
[[noreturn]] void Fail(std::string_view key, const std::string& what, const std::string& file) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string message = std::string(key) + ": " + what + ' ' + Quoted(file);
  if (reason != nullptr) message += " (" + std::string(reason) + ')';
  ERR_clear_error();
  throw StartupError(message);
}

Bio Reading(std::string_view text) {
  const size_t size = std::min<size_t>(text.size(), INT_MAX);
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(size)));
}

// Nobody is there to type a passphrase, and OpenSSL would ask the terminal.
int RefusePassphrase(char*, int, int, void*) { return -1; }

std::vector<Certificate> ReadCertificates(std::string_view key, const std::string& file,
                                          std::string_view text) {
  std::vector<Certificate> certificates;
  const Bio bio = Reading(text);
  ERR_clear_error();
  while (
      Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, RefusePassphrase, nullptr)}) {
    certificates.push_back(std::move(certificate));
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = openssl::ErrorLibrary(error) == openssl::kErrLibPem &&
                      openssl::ErrorReason(error) == openssl::kPemNoStartLine;
  if (!at_end) Fail(key, "a certificate cannot be read in", file);
  if (certificates.empty()) Fail(key, "no PEM certificate in", file);
  ERR_clear_error();
  return certificates;
}

void UseCertificates(SSL_CTX* context, const WebConfig::Tls& config, std::string_view certificate,
                     std::string_view key_text) {
  std::vector<Certificate> chain = ReadCertificates("cert_file", config.cert_file, certificate);
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    Fail("cert_file", "OpenSSL refuses the certificate in", config.cert_file);
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_ctrl(context, openssl::kCtrlChainCert, 0, chain[i].get()) != 1) {
      Fail("cert_file", "OpenSSL refuses a certificate in", config.cert_file);
    }
    static_cast<void>(chain[i].release());  // the context's now
  }

  const Bio bio = Reading(key_text);
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase, nullptr));
  if (key == nullptr) Fail("key_file", "no PEM key without a passphrase in", config.key_file);
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    Fail("key_file", "not the key of cert_file is in", config.key_file);
  }
}

void TrustClientCas(SSL_CTX* context, const std::string& file, std::string_view text) {
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  // Whoever is in the file is trusted, one that others vouch for included; as with Go.
  X509_STORE_set_flags(store, openssl::kVerifyPartialChain);
  for (const Certificate& ca : ReadCertificates("client_ca_file", file, text)) {
    const bool added =
        X509_STORE_add_cert(store, ca.get()) == 1 && SSL_CTX_add_client_CA(context, ca.get()) == 1;
    if (!added) Fail("client_ca_file", "OpenSSL refuses a certificate in", file);
  }
}

bool HasAllowedName(const X509* certificate, const ClientNames& allowed) {
  struct FreeNames {
    void operator()(OPENSSL_STACK* names) const {
      GENERAL_NAMES_free(reinterpret_cast<stack_st_GENERAL_NAME*>(names));
    }
  };
  const std::unique_ptr<OPENSSL_STACK, FreeNames> names(static_cast<OPENSSL_STACK*>(
      X509_get_ext_d2i(certificate, openssl::kNidSubjectAltName, nullptr, nullptr)));
  if (names == nullptr) return false;
  for (int i = 0; i < OPENSSL_sk_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(
        static_cast<const GENERAL_NAME*>(OPENSSL_sk_value(names.get(), i)), &type);
    const bool is_address = type == openssl::kGenIpAddress;
    const bool is_text =
        type == openssl::kGenDns || type == openssl::kGenEmail || type == openssl::kGenUri;
    if (!is_address && !is_text) continue;  // not a string, and no name that can be asked for
    const auto* const string = static_cast<const ASN1_STRING*>(value);
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                                 static_cast<size_t>(ASN1_STRING_length(string)));
    if (is_address ? allowed.AllowsAddress(bytes) : allowed.AllowsText(bytes)) return true;
  }
  return false;
}

// Instead of OpenSSL's own verification (SSL_CTX_set_cert_verify_callback(3)): the same, and the
// names.
int VerifyClient(X509_STORE_CTX* store, void* names) noexcept {
  const auto& allowed = *static_cast<const ClientNames*>(names);
  if (X509_verify_cert(store) != 1) return 0;
  if (allowed.any() || HasAllowedName(X509_STORE_CTX_get0_cert(store), allowed)) return 1;
  X509_STORE_CTX_set_error(store, openssl::kErrApplicationVerification);
  return 0;
}

int AcceptAnyClient(X509_STORE_CTX*, void*) noexcept { return 1; }

// Connections hold their SSL_CTX, not the TlsContext: what VerifyClient looks at goes with it.
int NamesIndex() {
  static const int kIndex =
      CRYPTO_get_ex_new_index(openssl::kExIndexSslCtx, 0, nullptr, nullptr, nullptr,
                              [](void*, void* names, CRYPTO_EX_DATA*, int, long, void*) {
                                delete static_cast<ClientNames*>(names);
                              });
  return kIndex;
}

int VersionNumber(WebConfig::TlsVersion version) {
  return version == WebConfig::TlsVersion::kTls13 ? openssl::kTls13Version : openssl::kTls12Version;
}

}  // namespace

TlsContext::TlsContext(const WebConfig::Tls& config, std::string_view certificate,
                       std::string_view key, std::string_view client_ca)
    : context_(SSL_CTX_new(TLS_server_method())), config_(config) {
  if (context_ == nullptr) throw StartupError("OpenSSL gives no context");
  UseCertificates(context_.get(), config, certificate, key);
  if (config.client_auth == ClientAuth::kNoClientCert) return;

  verify_mode_ = openssl::kVerifyPeer;
  if (config.client_auth == ClientAuth::kRequireAnyClientCert ||
      config.client_auth == ClientAuth::kRequireAndVerifyClientCert) {
    verify_mode_ |= openssl::kVerifyFailIfNoPeerCert;
  }
  if (config.client_ca_file.empty()) {
    SSL_CTX_set_cert_verify_callback(context_.get(), AcceptAnyClient, nullptr);
    return;
  }
  TrustClientCas(context_.get(), config.client_ca_file, client_ca);
  auto names = std::make_unique<ClientNames>(config.client_allowed_sans);
  SSL_CTX_set_cert_verify_callback(context_.get(), VerifyClient, names.get());
  if (SSL_CTX_set_ex_data(context_.get(), NamesIndex(), names.get()) != 1) {
    throw StartupError("OpenSSL has no memory");
  }
  static_cast<void>(names.release());  // the context's now
}

// SSL_set_SSL_CTX switches certificate, key, client CAs and the verification callback; what an SSL
// copies from its first context when it is made has to be set on its own.
bool TlsContext::ApplyTo(SSL* ssl) const {
  const std::string& tls12 = config_.tls12_ciphers;
  const std::string& tls13 = config_.tls13_ciphers;
  SSL_set_verify(ssl, verify_mode_, nullptr);
  return SSL_set_SSL_CTX(ssl, context_.get()) != nullptr &&
         SSL_ctrl(ssl, openssl::kCtrlSetMinProtoVersion, VersionNumber(config_.min_version),
                  nullptr) == 1 &&
         SSL_ctrl(ssl, openssl::kCtrlSetMaxProtoVersion, VersionNumber(config_.max_version),
                  nullptr) == 1 &&
         SSL_set_cipher_list(ssl, tls12.empty() ? kDefaultTls12Ciphers : tls12.c_str()) == 1 &&
         (tls13.empty() || SSL_set_ciphersuites(ssl, tls13.c_str()) == 1);
}

}  // namespace memleak
