// Our declarations of OpenSSL's functions against OpenSSL's own, where those are installed: a
// difference does not compile.
#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

#include "exporter/web/openssl_api.h"
#include "tests/catch.h"

namespace memleak {
namespace {

#if __has_include(<openssl/ssl.h>)
static_assert(openssl::kCtrlMode == SSL_CTRL_MODE);
static_assert(openssl::kCtrlSetSessCacheMode == SSL_CTRL_SET_SESS_CACHE_MODE);
static_assert(openssl::kCtrlChainCert == SSL_CTRL_CHAIN_CERT);
static_assert(openssl::kCtrlSetMinProtoVersion == SSL_CTRL_SET_MIN_PROTO_VERSION);
static_assert(openssl::kCtrlSetMaxProtoVersion == SSL_CTRL_SET_MAX_PROTO_VERSION);
static_assert(openssl::kModeReleaseBuffers == SSL_MODE_RELEASE_BUFFERS);
static_assert(openssl::kSessCacheOff == SSL_SESS_CACHE_OFF);
static_assert(openssl::kOpNoTicket == SSL_OP_NO_TICKET);
static_assert(openssl::kOpNoCompression == SSL_OP_NO_COMPRESSION);
static_assert(openssl::kOpCipherServerPreference == SSL_OP_CIPHER_SERVER_PREFERENCE);
static_assert(openssl::kOpNoRenegotiation == SSL_OP_NO_RENEGOTIATION);
static_assert(openssl::kTls12Version == TLS1_2_VERSION);
static_assert(openssl::kTls13Version == TLS1_3_VERSION);
static_assert(openssl::kVerifyNone == SSL_VERIFY_NONE);
static_assert(openssl::kVerifyPeer == SSL_VERIFY_PEER);
static_assert(openssl::kVerifyFailIfNoPeerCert == SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
static_assert(openssl::kVerifyPartialChain == X509_V_FLAG_PARTIAL_CHAIN);
static_assert(openssl::kCbHandshakeStart == SSL_CB_HANDSHAKE_START);
static_assert(openssl::kCbHandshakeDone == SSL_CB_HANDSHAKE_DONE);
static_assert(openssl::kClientHelloError == SSL_CLIENT_HELLO_ERROR);
static_assert(openssl::kClientHelloSuccess == SSL_CLIENT_HELLO_SUCCESS);
static_assert(openssl::kAlertInternalError == SSL_AD_INTERNAL_ERROR);
static_assert(openssl::kExIndexSsl == CRYPTO_EX_INDEX_SSL);
static_assert(openssl::kExIndexSslCtx == CRYPTO_EX_INDEX_SSL_CTX);
static_assert(openssl::kErrApplicationVerification == X509_V_ERR_APPLICATION_VERIFICATION);
static_assert(openssl::kNidSubjectAltName == NID_subject_alt_name);
static_assert(openssl::kGenEmail == GEN_EMAIL);
static_assert(openssl::kGenDns == GEN_DNS);
static_assert(openssl::kGenUri == GEN_URI);
static_assert(openssl::kGenIpAddress == GEN_IPADD);
static_assert(openssl::kErrLibPem == ERR_LIB_PEM);
static_assert(openssl::kPemNoStartLine == PEM_R_NO_START_LINE);
#endif

TEST_CASE("OpenSSL's errors are taken apart as its macros do") {
  const unsigned long error = openssl::kErrLibPem << 23 | openssl::kPemNoStartLine;
  CHECK(openssl::ErrorLibrary(error) == openssl::kErrLibPem);
  CHECK(openssl::ErrorReason(error) == openssl::kPemNoStartLine);
}

}  // namespace
}  // namespace memleak
