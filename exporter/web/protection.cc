#include "exporter/web/protection.h"

#include <array>

#include "exporter/config/text_file.h"
#include "exporter/web/openssl_api.h"

namespace memleak {

ProtectionFiles ReadProtectionFiles(const std::string& path) {
  ProtectionFiles files;
  files.text = ReadTextFile("--web.config.file", path);
  files.config = ParseWebConfig(path, files.text);
  if (files.config.tls) {
    const WebConfig::Tls& tls = *files.config.tls;
    files.certificate = ReadTextFile("cert_file", tls.cert_file);
    files.key = ReadTextFile("key_file", tls.key_file);
    if (!tls.client_ca_file.empty()) {
      files.client_ca = ReadTextFile("client_ca_file", tls.client_ca_file);
    }
  }
  return files;
}

std::string Fingerprint(const ProtectionFiles& files) {
  std::string fingerprint;
  for (const std::string* part : {&files.text, &files.certificate, &files.key, &files.client_ca}) {
    std::array<char, 32> digest{};
    EVP_Digest(part->data(), part->size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
               EVP_sha256(), nullptr);
    fingerprint.append(digest.data(), digest.size());
  }
  return fingerprint;
}

std::shared_ptr<const Protection> MakeProtection(const ProtectionFiles& files,
                                                 const Protection* previous) {
  auto protection = std::make_shared<Protection>();
  if (files.config.tls) {
    protection->tls = std::make_shared<TlsContext>(*files.config.tls, files.certificate, files.key,
                                                   files.client_ca);
  }
  if (!files.config.users.empty()) {
    const bool same =
        previous != nullptr && previous->auth && previous->auth->users() == files.config.users;
    protection->auth = same ? previous->auth : std::make_shared<BasicAuth>(files.config.users);
  }
  protection->headers = files.config.headers;
  return protection;
}

std::optional<HttpResponse> Refusal(const Protection& protection, std::string_view authorization,
                                    std::string_view client) {
  if (!protection.auth) return std::nullopt;
  HttpResponse response;
  switch (protection.auth->Check(authorization, client)) {
    case BasicAuth::Verdict::kAllowed:
      return std::nullopt;
    case BasicAuth::Verdict::kDenied:
      response = TextResponse(401, "unauthorized: a user and a password are needed");
      response.headers =
          "WWW-Authenticate: Basic realm=\"memleak_exporter\", charset=\"UTF-8\"\r\n";
      return response;
    case BasicAuth::Verdict::kBusy:
      response = TextResponse(503, "too many passwords wait to be checked");
      response.headers = "Retry-After: 1\r\n";
      return response;
  }
  return response;
}

}  // namespace memleak
