#include "exporter/config/web_config.h"

#include <fstream>
#include <iterator>
#include <string>

#include "exporter/config/errors.h"
#include "tests/catch.h"
#include "tests/unit/config/support.h"

namespace memleak {
namespace {

using ClientAuth = WebConfig::ClientAuth;
using TlsVersion = WebConfig::TlsVersion;

constexpr const char* kHash = "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";

WebConfig Web(const std::string& text) { return ParseWebConfig("/etc/m/web.yml", text); }

std::string WebError(const std::string& text) {
  return MessageOf<UsageError>([&] { Web(text); });
}

// A TLS section with a certificate, a key and `rest`.
std::string Tls(const std::string& rest) {
  return "tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n  " + rest + "\n";
}

TEST_CASE("a web config that says nothing protects nothing") {
  for (const char* text :
       {"", "# a comment\n", "{}", "tls_server_config:\n", "basic_auth_users: {}",
        "basic_auth_users:\n  # alice: x\n", "http_server_config:\n",
        "http_server_config: {headers: {}, http2: true}", "http_server_config: {http2: false}"}) {
    INFO(text);
    CHECK(Web(text) == WebConfig{});
  }
}

TEST_CASE("every key of the web config is read") {
  const WebConfig config = Web(std::string(R"(
tls_server_config:
  cert_file: server.pem
  key_file: /keys/server.key
  client_ca_file: ca/clients.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example, "10.0.0.1"]
  min_version: TLS12
  max_version: TLS12
  cipher_suites:
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_256_GCM_SHA384
    - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
basic_auth_users:
  alice: )") + kHash + R"(
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: sameorigin
)");
  WebConfig::Tls tls;
  tls.cert_file = "/etc/m/server.pem";
  tls.key_file = "/keys/server.key";
  tls.client_ca_file = "/etc/m/ca/clients.pem";
  tls.client_auth = ClientAuth::kRequireAndVerifyClientCert;
  tls.client_allowed_sans = {"prometheus.example", "10.0.0.1"};
  tls.max_version = TlsVersion::kTls12;
  tls.tls12_ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305";
  tls.tls13_ciphers = "TLS_AES_256_GCM_SHA384";
  CHECK(config.tls == tls);
  CHECK(config.users == std::map<std::string, std::string>{{"alice", kHash}});
  CHECK(config.headers ==
        std::vector<WebConfig::Header>{{"Strict-Transport-Security", "max-age=31536000"},
                                       {"X-Frame-Options", "sameorigin"}});
}

TEST_CASE("the README's example is taken") {
  std::ifstream file(MEMLEAK_README);
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  const size_t begin = readme.find("\ntls_server_config:\n");
  REQUIRE(begin != std::string::npos);
  const WebConfig config = Web(readme.substr(begin, readme.find("\n```", begin) - begin));
  CHECK(config.tls.has_value());
  CHECK(config.users.size() == 1);
  CHECK(config.headers.size() == 1);
}

TEST_CASE("names of files are relative to the web config's folder") {
  CHECK(ParseWebConfig("web.yml", Tls("")).tls->cert_file == "a.pem");
  CHECK(ParseWebConfig("conf/web.yml", Tls("")).tls->key_file == "conf/a.key");
}

TEST_CASE("client authentication by each of its names") {
  const auto type = [](const std::string& name) {
    return Web(Tls("client_auth_type: " + name)).tls->client_auth;
  };
  const auto verifying = [](const std::string& name) {
    return Web(Tls("client_ca_file: ca\n  client_auth_type: " + name)).tls->client_auth;
  };
  CHECK(type("NoClientCert") == ClientAuth::kNoClientCert);
  CHECK(type("RequestClientCert") == ClientAuth::kRequestClientCert);
  CHECK(type("RequireAnyClientCert") == ClientAuth::kRequireAnyClientCert);
  CHECK(type("RequireClientCert") == ClientAuth::kRequireAnyClientCert);
  CHECK(verifying("VerifyClientCertIfGiven") == ClientAuth::kVerifyClientCertIfGiven);
  CHECK(verifying("RequireAndVerifyClientCert") == ClientAuth::kRequireAndVerifyClientCert);
  CHECK(WebError(Tls("client_auth_type: Always")) ==
        "/etc/m/web.yml:4: client_auth_type: \"Always\" is not accepted; use NoClientCert, "
        "RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or "
        "RequireAndVerifyClientCert");
}

TEST_CASE("client authentication that would not do what it says is refused") {
  CHECK(WebError(Tls("client_auth_type: RequireAndVerifyClientCert"))
            .find("give it a client_ca_file") != std::string::npos);
  CHECK(
      WebError(Tls("client_ca_file: ca"))
          .starts_with("/etc/m/web.yml:4: client_ca_file does nothing without a client_auth_type"));
  CHECK(WebError(Tls("client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]"))
            .starts_with("/etc/m/web.yml:5: client_allowed_sans does nothing"));
  CHECK(WebError(Tls("client_allowed_sans: ['']")).find("an empty name") != std::string::npos);
}

TEST_CASE("both halves of a key pair are needed") {
  for (const char* text :
       {"tls_server_config: {}", "tls_server_config: {cert_file: a}",
        "tls_server_config: {key_file: a}", "tls_server_config: {min_version: TLS13}"}) {
    INFO(text);
    CHECK(WebError(text) ==
          "/etc/m/web.yml:1: tls_server_config needs both cert_file and key_file");
  }
  CHECK(WebError("tls_server_config: {cert_file: ''}") ==
        "/etc/m/web.yml:1: cert_file is empty; give it the name of a file");
  CHECK(WebError("tls_server_config: {cert_file: \"a\\0b\"}") ==
        "/etc/m/web.yml:1: cert_file holds a NUL");
}

TEST_CASE("versions of TLS") {
  CHECK(Web(Tls("min_version: TLS13")).tls->min_version == TlsVersion::kTls13);
  CHECK(Web(Tls("max_version: TLS12")).tls->max_version == TlsVersion::kTls12);
  for (const char* old : {"TLS10", "TLS11"}) {
    CHECK(WebError(Tls("min_version: " + std::string(old))) ==
          "/etc/m/web.yml:4: min_version: " + std::string(old) +
              " is broken; TLS12 is the least, TLS13 the best");
  }
  CHECK(WebError(Tls("max_version: SSL30")) ==
        "/etc/m/web.yml:4: max_version: \"SSL30\" is not accepted; use TLS12 or TLS13");
  const std::string none =
      "/etc/m/web.yml:5: min_version, max_version and cipher_suites leave no version of TLS";
  CHECK(WebError(Tls("min_version: TLS13\n  max_version: TLS12")) == none);
  CHECK(WebError(Tls("cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12")) == none);
}

TEST_CASE("cipher suites") {
  const auto tls = Web(Tls("cipher_suites: TLS_AES_128_GCM_SHA256")).tls;
  CHECK(tls->tls13_ciphers == "TLS_AES_128_GCM_SHA256");
  CHECK(tls->tls12_ciphers.empty());
  CHECK(tls->min_version == TlsVersion::kTls13);
  CHECK(Web(Tls("cipher_suites: []")).tls->min_version == TlsVersion::kTls12);
  CHECK(
      WebError(Tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"))
          .starts_with("/etc/m/web.yml:4: cipher_suites: \"TLS_RSA_WITH_RC4_128_SHA\" is unknown"));
}

TEST_CASE("a key of the web config that is not known is refused by its name") {
  CHECK(
      WebError("rate_limit: {}") ==
      "/etc/m/web.yml:1: unknown key \"rate_limit\" in the file; accepted here: basic_auth_users, "
      "http_server_config, tls_server_config");
  for (const std::string key : {"cert", "key", "client_ca", "curve_preferences",
                                "prefer_server_cipher_suites", "cert_ref", "Cert_File"}) {
    CHECK(WebError(Tls(key + ": x"))
              .starts_with("/etc/m/web.yml:4: unknown key \"" + key + "\" in tls_server_config; "));
  }
  CHECK(WebError("http_server_config: {http3: true}")
            .starts_with("/etc/m/web.yml:1: unknown key \"http3\" in http_server_config; "));
  CHECK(WebError(Tls("cert_file: b")) ==
        "/etc/m/web.yml:4: the key \"cert_file\" is given twice; give it once");
}

TEST_CASE("a password that is no bcrypt hash is refused by its user, and never shown") {
  const std::string hash = kHash;
  for (const std::string& bad : std::initializer_list<std::string>{
           "secret", "''", hash + "x", hash.substr(0, 59), "$1" + hash.substr(2),
           "$2x" + hash.substr(3), "$2y$1x" + hash.substr(6), "$2y$10$!" + hash.substr(8),
           "$5$rounds=5000$usesomesillystri$KqJWpanXZHKq2BOB43TSaYhEWsQ1Lr5QNyPCDH/Tp.6"}) {
    const std::string message = WebError("basic_auth_users:\n  alice: " + bad);
    INFO(message);
    CHECK(message.starts_with("/etc/m/web.yml:2: basic_auth_users: \"alice\" has no bcrypt hash"));
    CHECK(message.find("secret") == std::string::npos);
    if (bad.size() > 2) CHECK(message.find(bad.substr(2, 20)) == std::string::npos);
  }
  CHECK(WebError("basic_auth_users:\n  alice:\n") ==
        "/etc/m/web.yml:2: basic_auth_users: \"alice\" has no value; give it one, or leave the key "
        "out");
  CHECK(WebError("basic_auth_users: [alice]") ==
        "/etc/m/web.yml:1: basic_auth_users needs names and values; accepted: NAME: bcrypt hash");
}

TEST_CASE("a bcrypt hash that costs too much or nothing is refused") {
  const auto with_cost = [](const std::string& cost) {
    return "basic_auth_users: {bob: $2b$" + cost + std::string(kHash).substr(6) + "}";
  };
  for (const std::string cost : {"04", "10", "17"}) CHECK(Web(with_cost(cost)).users.size() == 1);
  for (const std::string cost : {"00", "03", "18", "31", "99"}) {
    INFO(cost);
    CHECK(WebError(with_cost(cost)).find("use one from 4 to 17") != std::string::npos);
  }
}

TEST_CASE("a user that no client can name is refused") {
  for (const char* name : {"'a:b'", "\"a\\nb\"", "\"a\\tb\"", "\"\\x7F\""}) {
    INFO(name);
    CHECK(WebError("basic_auth_users: {" + std::string(name) + ": " + kHash + "}")
              .find("use another name") != std::string::npos);
  }
}

TEST_CASE("headers that may not be set, or not to that") {
  const auto error = [](const std::string& header) {
    return WebError("http_server_config:\n  headers:\n    " + header + "\n");
  };
  const std::string at = "/etc/m/web.yml:3: ";
  CHECK(
      error("X-Evil: 1").starts_with(at + "the header \"X-Evil\" cannot be set; accepted here: "));
  CHECK(error("x-frame-options: deny").find("cannot be set") != std::string::npos);
  CHECK(error("X-Frame-Options: never") ==
        at + "X-Frame-Options: \"never\" is not accepted; use deny or sameorigin");
  CHECK(error("X-Content-Type-Options: sniff") ==
        at + "X-Content-Type-Options: \"sniff\" is not accepted; use nosniff");
  for (const char* split : {"\"a\\r\\nSet-Cookie: b\"", "\"a\\nb\"", "\"a\\0b\"", "\"\\x7F\""}) {
    INFO(split);
    CHECK(error("Content-Security-Policy: " + std::string(split)) ==
          at + "Content-Security-Policy holds a line break or another control character");
  }
  CHECK(WebError("http_server_config: {http2: maybe}") ==
        "/etc/m/web.yml:1: http2: \"maybe\" is not accepted; use true or false");
}

TEST_CASE("a hostile web config is refused with its line") {
  CHECK(WebError("a: &x 1\nb: *x\n").find("aliases") != std::string::npos);
  CHECK(WebError("tls_server_config: [[[[[[[[[[") != "(no error)");
  CHECK(WebError("- a\n- b\n").starts_with("/etc/m/web.yml:1: the file needs names and values"));
  CHECK(WebError("{a: 1").starts_with("/etc/m/web.yml:"));
  CHECK(WebError("tls_server_config: text")
            .starts_with("/etc/m/web.yml:1: tls_server_config needs names and values"));
  CHECK(WebError(std::string(2 << 20, '#')) ==
        "/etc/m/web.yml:1: the file is too large; use at most 1 MiB");
}

}  // namespace
}  // namespace memleak
