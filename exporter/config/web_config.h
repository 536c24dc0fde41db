// The file that `--web.config.file` names: how the server protects what it serves.
//
// The format is that of Prometheus' exporter-toolkit
// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md):
//
//   tls_server_config: {cert_file: server.pem, key_file: server.key}
//   basic_auth_users: {prometheus: $2y$10$...}
//   http_server_config: {headers: {X-Frame-Options: deny}}
//
// What is not listed here is refused by name: a key that is ignored silently would be a door that
// its owner believes to be shut.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

struct WebConfig {
  // What is asked of clients, by the names of Go's tls.ClientAuthType.
  enum class ClientAuth {
    kNoClientCert,
    kRequestClientCert,           // a certificate is asked for, and not looked at
    kRequireAnyClientCert,        // there must be one, and it is not looked at
    kVerifyClientCertIfGiven,     // without one is fine, with a wrong one is not
    kRequireAndVerifyClientCert,  // there must be one that client_ca_file vouches for
  };
  enum class TlsVersion { kTls12, kTls13 };

  struct Tls {
    std::string cert_file;  // PEM: the server's certificate, then those that link it to its CA
    std::string key_file;   // PEM: its private key
    std::string
        client_ca_file;  // PEM: who may vouch for clients; set exactly where they are verified
    ClientAuth client_auth = ClientAuth::kNoClientCert;
    // Names (DNS, email, IP, URI) of which a verified client must have one; empty: any will do.
    std::vector<std::string> client_allowed_sans;
    TlsVersion min_version = TlsVersion::kTls12;
    TlsVersion max_version = TlsVersion::kTls13;
    // OpenSSL's names, separated by colons; empty: the program's choice.
    std::string tls12_ciphers;
    std::string tls13_ciphers;

    bool operator==(const Tls&) const = default;
  };

  struct Header {
    std::string name;
    std::string value;

    bool operator==(const Header&) const = default;
  };

  std::optional<Tls> tls;                    // none: plain HTTP
  std::map<std::string, std::string> users;  // name to bcrypt hash; none: everybody may
  std::vector<Header> headers;               // sent with every response

  bool operator==(const WebConfig&) const = default;
};

// What `text` says. `path` is what messages call the file, and the names of files in it are
// relative to its folder. Throws UsageError with one line, `path:LINE: what is wrong, and what is
// accepted`, which never holds a hash.
WebConfig ParseWebConfig(std::string_view path, std::string_view text);

}  // namespace memleak
