#include "exporter/web/tls_context.h"

#include <string>

#include "exporter/config/errors.h"
#include "tests/catch.h"
#include "tests/unit/web/key_pairs.h"

namespace memleak {
namespace {

using ClientAuth = WebConfig::ClientAuth;

WebConfig::Tls Config() {
  WebConfig::Tls config;
  config.cert_file = "c.pem";
  config.key_file = "k.pem";
  return config;
}

std::string Refusal(const std::string& certificate, const std::string& key) {
  try {
    const TlsContext context(Config(), certificate, key, "");
  } catch (const StartupError& error) {
    return error.what();
  }
  return "(taken)";
}

std::string CaRefusal(const std::string& client_ca) {
  WebConfig::Tls config = Config();
  config.client_auth = ClientAuth::kRequireAndVerifyClientCert;
  config.client_ca_file = "ca.pem";
  try {
    const TlsContext context(config, kCertificate, kKey, client_ca);
  } catch (const StartupError& error) {
    return error.what();
  }
  return "(taken)";
}

TEST_CASE("a key pair is taken, with a chain and with text around it") {
  CHECK(Refusal(kCertificate, kKey) == "(taken)");
  CHECK(Refusal(std::string(kCertificate) + kOtherCertificate, kKey) == "(taken)");
  CHECK(Refusal("subject=/CN=one\n" + std::string(kCertificate) + "\n\n", kKey) == "(taken)");
}

TEST_CASE("a certificate that is none is refused by its key and file") {
  for (const char* text : {"", "\n", "not PEM", "BEGIN CERTIFICATE"}) {
    INFO(text);
    CHECK(Refusal(text, kKey).starts_with("cert_file: no PEM certificate in \"c.pem\""));
  }
  CHECK(Refusal(kKey, kKey).starts_with("cert_file: no PEM certificate in \"c.pem\""));
  const std::string garbage =
      "-----BEGIN CERTIFICATE-----\nAAAAAAAAAAAA\n-----END CERTIFICATE-----\n";
  CHECK(Refusal("-----BEGIN CERTIFICATE-----\n", kKey)
            .starts_with("cert_file: a certificate cannot be read in \"c.pem\""));
  CHECK(Refusal(garbage, kKey).starts_with("cert_file: a certificate cannot be read in \"c.pem\""));
  CHECK(
      Refusal(kCertificate + garbage, kKey).starts_with("cert_file: a certificate cannot be read"));
}

TEST_CASE("a key that is none, or another's, is refused") {
  const std::string none = "key_file: no PEM key without a passphrase in \"k.pem\"";
  CHECK(Refusal(kCertificate, "").starts_with(none));
  CHECK(Refusal(kCertificate, kCertificate).starts_with(none));
  CHECK(Refusal(kCertificate, kOtherKey)
            .starts_with("key_file: not the key of cert_file is in \"k.pem\""));
}

TEST_CASE("a key behind a passphrase is refused without asking for it") {
  CHECK(Refusal(kCertificate, kEncryptedKey)
            .starts_with("key_file: no PEM key without a passphrase in \"k.pem\""));
}

TEST_CASE("client CAs") {
  CHECK(CaRefusal(kOtherCertificate) == "(taken)");
  CHECK(CaRefusal(std::string(kOtherCertificate) + kCertificate) == "(taken)");
  CHECK(CaRefusal(std::string(kCertificate) + kCertificate) == "(taken)");
  CHECK(CaRefusal("").starts_with("client_ca_file: no PEM certificate in \"ca.pem\""));
}

}  // namespace
}  // namespace memleak
