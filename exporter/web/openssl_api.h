// The few functions of OpenSSL 3 that the server uses, declared here because Debian's headers come
// with libssl-dev, which the program is built without (tls_shim/ tells why it can be).
//
// Each is as its manual page has it (https://docs.openssl.org/3.0/man3/NAME); their types and
// values are part of OpenSSL's binary interface and hold for every 3.x. Where the headers are at
// hand, openssl_api_test.cc compares the two.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// NOLINTBEGIN: the names are OpenSSL's
typedef struct asn1_string_st ASN1_STRING;
typedef struct bio_st BIO;
typedef struct crypto_ex_data_st CRYPTO_EX_DATA;
typedef struct engine_st ENGINE;
typedef struct evp_md_st EVP_MD;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct GENERAL_NAME_st GENERAL_NAME;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_method_st SSL_METHOD;
typedef struct ssl_st SSL;
typedef struct stack_st OPENSSL_STACK;
typedef struct x509_st X509;
typedef struct x509_store_ctx_st X509_STORE_CTX;
typedef struct x509_store_st X509_STORE;
struct stack_st_GENERAL_NAME;

// SSL_CTX_new(3), SSL_CTX_ctrl(3), SSL_CTX_set_options(3)
const SSL_METHOD* TLS_server_method(void);
SSL_CTX* SSL_CTX_new(const SSL_METHOD* method);
void SSL_CTX_free(SSL_CTX* context);
long SSL_CTX_ctrl(SSL_CTX* context, int command, long number, void* pointer);
long SSL_ctrl(SSL* ssl, int command, long number, void* pointer);
uint64_t SSL_CTX_set_options(SSL_CTX* context, uint64_t options);
// SSL_CTX_set_num_tickets(3)
int SSL_CTX_set_num_tickets(SSL_CTX* context, size_t count);
// SSL_CTX_set_client_hello_cb(3), SSL_CTX_set_info_callback(3)
typedef int (*SSL_client_hello_cb_fn)(SSL* ssl, int* alert, void* argument);
void SSL_CTX_set_client_hello_cb(SSL_CTX* context, SSL_client_hello_cb_fn callback, void* argument);
void SSL_CTX_set_info_callback(SSL_CTX* context,
                               void (*callback)(const SSL* ssl, int type, int value));
// SSL_set_SSL_CTX(3), SSL_get_SSL_CTX(3)
SSL_CTX* SSL_set_SSL_CTX(SSL* ssl, SSL_CTX* context);
SSL_CTX* SSL_get_SSL_CTX(const SSL* ssl);
void SSL_set_info_callback(SSL* ssl, void (*callback)(const SSL* ssl, int type, int value));
// SSL_CTX_set_cipher_list(3)
int SSL_CTX_set_cipher_list(SSL_CTX* context, const char* names);
int SSL_CTX_set_ciphersuites(SSL_CTX* context, const char* names);
int SSL_set_cipher_list(SSL* ssl, const char* names);
int SSL_set_ciphersuites(SSL* ssl, const char* names);
// SSL_CTX_use_certificate(3)
int SSL_CTX_use_certificate(SSL_CTX* context, X509* certificate);
int SSL_CTX_use_PrivateKey(SSL_CTX* context, EVP_PKEY* key);
// SSL_CTX_set_verify(3), SSL_CTX_set_cert_verify_callback(3), SSL_CTX_get_cert_store(3)
void SSL_set_verify(SSL* ssl, int mode, int (*callback)(int ok, X509_STORE_CTX* store));
void SSL_CTX_set_cert_verify_callback(SSL_CTX* context,
                                      int (*callback)(X509_STORE_CTX* store, void* argument),
                                      void* argument);
X509_STORE* SSL_CTX_get_cert_store(const SSL_CTX* context);
int SSL_CTX_add_client_CA(SSL_CTX* context, X509* certificate);
int X509_STORE_add_cert(X509_STORE* store, X509* certificate);
int X509_STORE_set_flags(X509_STORE* store, unsigned long flags);
// X509_verify_cert(3), X509_STORE_CTX_get_error(3)
int X509_verify_cert(X509_STORE_CTX* store);
X509* X509_STORE_CTX_get0_cert(const X509_STORE_CTX* store);
void X509_STORE_CTX_set_error(X509_STORE_CTX* store, int error);
// X509V3_get_d2i(3), DEFINE_STACK_OF(3), GENERAL_NAME_get0_value, ASN1_STRING_length(3)
void* X509_get_ext_d2i(const X509* certificate, int nid, int* critical, int* index);
void GENERAL_NAMES_free(stack_st_GENERAL_NAME* names);
int OPENSSL_sk_num(const OPENSSL_STACK* stack);
void* OPENSSL_sk_value(const OPENSSL_STACK* stack, int index);
void* GENERAL_NAME_get0_value(const GENERAL_NAME* name, int* type);
int ASN1_STRING_length(const ASN1_STRING* text);
const unsigned char* ASN1_STRING_get0_data(const ASN1_STRING* text);
// BIO_s_mem(3), PEM_read_bio_PrivateKey(3)
BIO* BIO_new_mem_buf(const void* data, int size);
int BIO_free(BIO* bio);
typedef int pem_password_cb(char* buffer, int size, int writing, void* argument);
X509* PEM_read_bio_X509(BIO* bio, X509** out, pem_password_cb* callback, void* argument);
EVP_PKEY* PEM_read_bio_PrivateKey(BIO* bio, EVP_PKEY** out, pem_password_cb* callback,
                                  void* argument);
void X509_free(X509* certificate);
void EVP_PKEY_free(EVP_PKEY* key);
// BIO_get_ex_new_index(3), SSL_CTX_set_ex_data(3)
typedef void CRYPTO_EX_new(void* parent, void* pointer, CRYPTO_EX_DATA* data, int index,
                           long number, void* argument);
typedef void CRYPTO_EX_free(void* parent, void* pointer, CRYPTO_EX_DATA* data, int index,
                            long number, void* argument);
typedef int CRYPTO_EX_dup(CRYPTO_EX_DATA* to, const CRYPTO_EX_DATA* from, void** from_pointer,
                          int index, long number, void* argument);
int CRYPTO_get_ex_new_index(int class_index, long number, void* argument, CRYPTO_EX_new* create,
                            CRYPTO_EX_dup* copy, CRYPTO_EX_free* release);
int SSL_CTX_set_ex_data(SSL_CTX* context, int index, void* pointer);
void* SSL_CTX_get_ex_data(const SSL_CTX* context, int index);
int SSL_set_ex_data(SSL* ssl, int index, void* pointer);
void* SSL_get_ex_data(const SSL* ssl, int index);
// ERR_get_error(3), ERR_error_string(3)
unsigned long ERR_peek_last_error(void);
void ERR_clear_error(void);
const char* ERR_reason_error_string(unsigned long error);
// EVP_DigestInit(3), HMAC(3), CRYPTO_memcmp(3)
const EVP_MD* EVP_sha256(void);
int EVP_Digest(const void* data, size_t size, unsigned char* digest, unsigned int* digest_size,
               const EVP_MD* type, ENGINE* engine);
unsigned char* HMAC(const EVP_MD* type, const void* key, int key_size, const unsigned char* data,
                    size_t size, unsigned char* digest, unsigned int* digest_size);
int CRYPTO_memcmp(const void* a, const void* b, size_t size);
// NOLINTEND

}  // extern "C"

namespace memleak::openssl {

// What OpenSSL's headers define as macros.
inline constexpr int kCtrlMode = 33;                             // SSL_CTRL_MODE
inline constexpr int kCtrlSetSessCacheMode = 44;                 // SSL_CTRL_SET_SESS_CACHE_MODE
inline constexpr int kCtrlChainCert = 89;                        // SSL_CTRL_CHAIN_CERT
inline constexpr int kCtrlSetMinProtoVersion = 123;              // SSL_CTRL_SET_MIN_PROTO_VERSION
inline constexpr int kCtrlSetMaxProtoVersion = 124;              // SSL_CTRL_SET_MAX_PROTO_VERSION
inline constexpr long kModeReleaseBuffers = 0x10;                // SSL_MODE_RELEASE_BUFFERS
inline constexpr long kSessCacheOff = 0;                         // SSL_SESS_CACHE_OFF
inline constexpr uint64_t kOpNoTicket = uint64_t{1} << 14;       // SSL_OP_NO_TICKET
inline constexpr uint64_t kOpNoCompression = uint64_t{1} << 17;  // SSL_OP_NO_COMPRESSION
inline constexpr uint64_t kOpCipherServerPreference = uint64_t{1} << 22;  // SSL_OP_CIPHER_...
inline constexpr uint64_t kOpNoRenegotiation = uint64_t{1} << 30;         // SSL_OP_NO_RENEGOTIATION
inline constexpr int kTls12Version = 0x0303;                              // TLS1_2_VERSION
inline constexpr int kTls13Version = 0x0304;                              // TLS1_3_VERSION
inline constexpr int kVerifyNone = 0;                                     // SSL_VERIFY_NONE
inline constexpr int kVerifyPeer = 1;                                     // SSL_VERIFY_PEER
inline constexpr int kVerifyFailIfNoPeerCert = 2;              // SSL_VERIFY_FAIL_IF_NO_PEER_CERT
inline constexpr unsigned long kVerifyPartialChain = 0x80000;  // X509_V_FLAG_PARTIAL_CHAIN
inline constexpr int kCbHandshakeStart = 0x10;                 // SSL_CB_HANDSHAKE_START
inline constexpr int kCbHandshakeDone = 0x20;                  // SSL_CB_HANDSHAKE_DONE
inline constexpr int kClientHelloError = 0;                    // SSL_CLIENT_HELLO_ERROR
inline constexpr int kClientHelloSuccess = 1;                  // SSL_CLIENT_HELLO_SUCCESS
inline constexpr int kAlertInternalError = 80;                 // SSL_AD_INTERNAL_ERROR
inline constexpr int kExIndexSsl = 0;                          // CRYPTO_EX_INDEX_SSL
inline constexpr int kExIndexSslCtx = 1;                       // CRYPTO_EX_INDEX_SSL_CTX
inline constexpr int kErrApplicationVerification = 50;  // X509_V_ERR_APPLICATION_VERIFICATION
inline constexpr int kNidSubjectAltName = 85;           // NID_subject_alt_name
inline constexpr int kGenEmail = 1;                     // GEN_EMAIL
inline constexpr int kGenDns = 2;                       // GEN_DNS
inline constexpr int kGenUri = 6;                       // GEN_URI
inline constexpr int kGenIpAddress = 7;                 // GEN_IPADD
inline constexpr unsigned long kErrLibPem = 9;          // ERR_LIB_PEM
inline constexpr unsigned long kPemNoStartLine = 108;   // PEM_R_NO_START_LINE

// ERR_GET_LIB and ERR_GET_REASON, of errors that are not the system's.
constexpr unsigned long ErrorLibrary(unsigned long error) { return error >> 23 & 0xFF; }
constexpr unsigned long ErrorReason(unsigned long error) { return error & 0x7FFFFF; }

// OpenSSL's objects, freed with their owner.
template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace memleak::openssl
