/* A library with the soname libssl.so, which civetweb asks for at run time and which Debian has in
 * its -dev package only. It stands for libssl.so.3, and knows the one function that civetweb asks
 * for by the name it had before OpenSSL 3 (SSL_get_peer_certificate(3)). */

typedef struct ssl_st SSL;
typedef struct x509_st X509;

X509* SSL_get1_peer_certificate(const SSL* ssl);
X509* SSL_get_peer_certificate(const SSL* ssl);

X509* SSL_get_peer_certificate(const SSL* ssl) { return SSL_get1_peer_certificate(ssl); }
