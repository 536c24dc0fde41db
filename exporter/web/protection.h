// A web config file and the files that it names, made ready for use: TLS, users, headers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/web_config.h"
#include "exporter/web/basic_auth.h"
#include "exporter/web/endpoints.h"
#include "exporter/web/tls_context.h"

namespace memleak {

// Any thread may use it.
struct Protection {
  std::shared_ptr<const TlsContext> tls;   // none: plain HTTP
  std::shared_ptr<BasicAuth> auth;         // none: everybody may
  std::vector<WebConfig::Header> headers;  // sent with every response
};

// What the files hold, read once, so that what is compared is what is used.
struct ProtectionFiles {
  WebConfig config;
  std::string text;  // what `config` was read from
  std::string certificate;
  std::string key;
  std::string client_ca;
};

// Throws UsageError for what is wrong in the file at `path`, StartupError for what cannot be read.
// May hang as long as a file system does, and is then left behind at the end of the program: so it
// uses nothing that is taken down by then, OpenSSL for one.
ProtectionFiles ReadProtectionFiles(const std::string& path);

// The same exactly when all files hold the same.
std::string Fingerprint(const ProtectionFiles& files);

// Throws StartupError for what OpenSSL refuses. What `previous` knows of its users' passwords is
// kept where the users are the same.
std::shared_ptr<const Protection> MakeProtection(const ProtectionFiles& files,
                                                 const Protection* previous);

// What a request is told that may not pass; nullopt where it may. `authorization` is the header of
// that name, empty without one; `client` is where the request comes from. Waits where a password
// has to be checked.
std::optional<HttpResponse> Refusal(const Protection& protection, std::string_view authorization,
                                    std::string_view client);

}  // namespace memleak
