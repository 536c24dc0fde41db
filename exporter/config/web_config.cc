#include "exporter/config/web_config.h"

#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>
#include <set>
#include <utility>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/config/values.h"
#include "exporter/config/yaml_tree.h"

namespace memleak {
namespace {

constexpr std::string_view kExample = "basic_auth_users: {prometheus: $2y$10$...}";

// bcrypt's cost is a power of two. Beyond this one check takes longer than a scrape may.
constexpr int kMaxBcryptCost = 17;

// Go's name of each cipher suite with forward secrecy, and OpenSSL's (openssl-ciphers(1)).
struct CipherSuite {
  std::string_view name;
  std::string_view openssl_name;
  WebConfig::TlsVersion version;
};
constexpr auto kTls12 = WebConfig::TlsVersion::kTls12;
constexpr auto kTls13 = WebConfig::TlsVersion::kTls13;
constexpr std::array<CipherSuite, 13> kCipherSuites{{
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", kTls13},
    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", kTls13},
    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", kTls13},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", kTls12},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", kTls12},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", kTls12},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", kTls12},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", kTls12},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", kTls12},
}};

// The headers that may be set, and their values where those are few; as the exporter-toolkit has
// it.
struct AllowedHeader {
  std::string_view name;
  std::array<std::string_view, 2> values;  // all empty: any
};
constexpr std::array<AllowedHeader, 5> kAllowedHeaders{{
    {"Content-Security-Policy", {}},
    {"Strict-Transport-Security", {}},
    {"X-Content-Type-Options", {"nosniff"}},
    {"X-Frame-Options", {"deny", "sameorigin"}},
    {"X-XSS-Protection", {}},
}};

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

// `$2a$`, `$2b$` or `$2y$`, two digits of cost, `$`, 22 characters of salt and 31 of hash.
bool IsBcryptHash(std::string_view hash) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (hash.size() != 60 || !hash.starts_with("$2")) return false;
  if (hash[3] != '$' || hash[6] != '$') return false;
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return false;
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return false;
  return std::all_of(hash.begin() + 7, hash.end(), [&](char c) {
    return c == '.' || c == '/' || is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

class Reader {
 public:
  Reader(std::string_view path, const YamlSource& source)
      : folder_(path.substr(0, path.rfind('/') + 1)), source_(source) {}

  WebConfig Read(const YamlEntry& root) {
    ReadMap(root, "the file",
            {{"basic_auth_users", [&](const YamlEntry& value) { ReadUsers(value); }},
             {"http_server_config", [&](const YamlEntry& value) { ReadHttp(value); }},
             {"tls_server_config", [&](const YamlEntry& value) { ReadTls(value); }}});
    return std::move(config_);
  }

 private:
  struct Field {
    std::string_view name;
    std::function<void(const YamlEntry& value)> read;
  };

  // Whether `entry` is a map; nothing at all is what remains when everything in it is commented
  // out.
  bool IsMap(const YamlEntry& entry, const std::string& what, const std::string& accepted) const {
    if (entry.kind == YamlEntry::Kind::kNothing) return false;
    if (entry.kind != YamlEntry::Kind::kMap) {
      source_.Fail(entry.line, what + " needs names and values; accepted: " + accepted);
    }
    return true;
  }

  using Lines = std::map<std::string, int, std::less<>>;  // of the keys of a map

  Lines ReadMap(const YamlEntry& map, const std::string& what,
                std::initializer_list<Field> fields) const {
    Lines lines;
    std::string accepted;
    for (const Field& field : fields) {
      accepted += (accepted.empty() ? "" : ", ") + std::string(field.name);
    }
    if (!IsMap(map, what, accepted)) return lines;
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const std::string key = source_.Key(map.items[i], seen, accepted);
      lines.emplace(key, map.items[i].line);
      const Field* found = std::find_if(fields.begin(), fields.end(),
                                        [&](const Field& field) { return field.name == key; });
      if (found == fields.end()) {
        source_.Fail(map.items[i].line, std::string("unknown key ")
                                            .append(Quoted(key))
                                            .append(" in ")
                                            .append(what)
                                            .append("; accepted here: ")
                                            .append(accepted));
      }
      found->read(map.items[i + 1]);
    }
    return lines;
  }

  // The index of the value of `key` among `choices`.
  size_t Choice(const std::string& key, const YamlEntry& value,
                const std::vector<std::string_view>& choices) const {
    const std::string text = source_.Text(key, value);
    try {
      return ParseChoice(text, choices);
    } catch (const UsageError& error) {
      source_.Fail(value.line, key + ": " + error.what());
    }
  }

  std::string File(const std::string& key, const YamlEntry& value) const {
    const std::string name = source_.Text(key, value);
    if (name.empty()) source_.Fail(value.line, key + " is empty; give it the name of a file");
    if (name.find('\0') != std::string::npos) source_.Fail(value.line, key + " holds a NUL");
    return name.front() == '/' ? name : folder_ + name;
  }

  // The elements of a list, or the one that stands there alone.
  static std::vector<const YamlEntry*> Elements(const YamlEntry& value) {
    std::vector<const YamlEntry*> elements;
    if (value.kind == YamlEntry::Kind::kNothing) return elements;
    if (value.kind != YamlEntry::Kind::kList) return {&value};
    for (const YamlEntry& item : value.items) elements.push_back(&item);
    return elements;
  }

  void ReadTls(const YamlEntry& map) {
    if (map.kind == YamlEntry::Kind::kNothing) return;
    WebConfig::Tls tls;
    const Lines lines = ReadMap(
        map, "tls_server_config",
        {{"cert_file", [&](const YamlEntry& value) { tls.cert_file = File("cert_file", value); }},
         {"cipher_suites", [&](const YamlEntry& value) { ReadCiphers(value, tls); }},
         {"client_allowed_sans", [&](const YamlEntry& value) { ReadNames(value, tls); }},
         {"client_auth_type",
          [&](const YamlEntry& value) { tls.client_auth = Authentication(value); }},
         {"client_ca_file",
          [&](const YamlEntry& value) { tls.client_ca_file = File("client_ca_file", value); }},
         {"key_file", [&](const YamlEntry& value) { tls.key_file = File("key_file", value); }},
         {"max_version",
          [&](const YamlEntry& value) { tls.max_version = Version("max_version", value); }},
         {"min_version",
          [&](const YamlEntry& value) { tls.min_version = Version("min_version", value); }}});
    CheckTls(map.line, lines, tls);
    config_.tls = std::move(tls);
  }

  // What follows from several keys together.
  void CheckTls(int line, const Lines& lines, WebConfig::Tls& tls) const {
    using ClientAuth = WebConfig::ClientAuth;
    if (tls.cert_file.empty() || tls.key_file.empty()) {
      source_.Fail(line, "tls_server_config needs both cert_file and key_file");
    }
    const bool verifies = tls.client_auth == ClientAuth::kVerifyClientCertIfGiven ||
                          tls.client_auth == ClientAuth::kRequireAndVerifyClientCert;
    if (verifies && tls.client_ca_file.empty()) {
      source_.Fail(lines.at("client_auth_type"),
                   "client_auth_type asks for verified clients; give it a client_ca_file to verify "
                   "them with");
    }
    if (!verifies && !tls.client_ca_file.empty()) {
      source_.Fail(lines.at("client_ca_file"),
                   "client_ca_file does nothing without a client_auth_type of "
                   "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    }
    if (!verifies && !tls.client_allowed_sans.empty()) {
      source_.Fail(lines.at("client_allowed_sans"),
                   "client_allowed_sans does nothing without a client_auth_type of "
                   "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    }
    // A list without any suite of TLS 1.2 leaves that version nothing to speak.
    if (!tls.tls13_ciphers.empty() && tls.tls12_ciphers.empty()) tls.min_version = kTls13;
    if (tls.min_version > tls.max_version) {
      int last = line;
      for (const char* key : {"min_version", "max_version", "cipher_suites"}) {
        if (lines.contains(key)) last = std::max(last, lines.find(key)->second);
      }
      source_.Fail(last, "min_version, max_version and cipher_suites leave no version of TLS");
    }
  }

  WebConfig::ClientAuth Authentication(const YamlEntry& value) const {
    const std::string key = "client_auth_type";
    // The exporter-toolkit's name from before it used Go's.
    if (value.text == "RequireClientCert") return WebConfig::ClientAuth::kRequireAnyClientCert;
    return static_cast<WebConfig::ClientAuth>(
        Choice(key, value,
               {"NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"}));
  }

  WebConfig::TlsVersion Version(const std::string& key, const YamlEntry& value) const {
    const std::string text = source_.Text(key, value);
    if (text == "TLS10" || text == "TLS11") {
      source_.Fail(value.line,
                   key + ": " + text + " is broken; TLS12 is the least, TLS13 the best");
    }
    return static_cast<WebConfig::TlsVersion>(Choice(key, value, {"TLS12", "TLS13"}));
  }

  void ReadCiphers(const YamlEntry& value, WebConfig::Tls& tls) const {
    for (const YamlEntry* element : Elements(value)) {
      const std::string name = source_.Text("cipher_suites", *element);
      const auto* const suite =
          std::find_if(kCipherSuites.begin(), kCipherSuites.end(),
                       [&](const CipherSuite& each) { return each.name == name; });
      if (suite == kCipherSuites.end()) {
        std::string accepted;
        for (const CipherSuite& each : kCipherSuites) {
          accepted += (accepted.empty() ? "" : ", ") + std::string(each.name);
        }
        source_.Fail(element->line, "cipher_suites: " + Quoted(name) +
                                        " is unknown or without forward secrecy; use some of " +
                                        accepted);
      }
      std::string& list = suite->version == kTls13 ? tls.tls13_ciphers : tls.tls12_ciphers;
      list += (list.empty() ? "" : ":") + std::string(suite->openssl_name);
    }
  }

  void ReadNames(const YamlEntry& value, WebConfig::Tls& tls) const {
    for (const YamlEntry* element : Elements(value)) {
      tls.client_allowed_sans.push_back(source_.Text("client_allowed_sans", *element));
      if (tls.client_allowed_sans.back().empty()) {
        source_.Fail(element->line, "client_allowed_sans has an empty name; leave it out");
      }
    }
  }

  void ReadUsers(const YamlEntry& map) {
    constexpr const char* kAccepted = "NAME: bcrypt hash";
    if (!IsMap(map, "basic_auth_users", kAccepted)) return;
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const YamlEntry& key = map.items[i];
      const std::string name = source_.Key(key, seen, kAccepted);
      const std::string user = "basic_auth_users: " + Quoted(name);
      if (name.find(':') != std::string::npos || name.find('\t') != std::string::npos ||
          HasControlCharacter(name)) {
        source_.Fail(key.line, user +
                                   " holds a colon or a control character, which no client can "
                                   "send; use another name");
      }
      const std::string hash = source_.Text(user, map.items[i + 1]);
      if (!IsBcryptHash(hash)) {
        source_.Fail(key.line, user +
                                   " has no bcrypt hash ($2y$10$ and 53 characters); make one "
                                   "with: htpasswd -nB NAME");
      }
      const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
      if (cost < 4 || cost > kMaxBcryptCost) {
        source_.Fail(key.line, user + " has a bcrypt hash of cost " + std::to_string(cost) +
                                   "; use one from 4 to " + std::to_string(kMaxBcryptCost));
      }
      config_.users.emplace(name, hash);
    }
  }

  void ReadHttp(const YamlEntry& map) {
    ReadMap(map, "http_server_config",
            {{"headers", [&](const YamlEntry& value) { ReadHeaders(value); }},
             // HTTP/2 is not served; clients settle for 1.1 whatever is said here.
             {"http2", [&](const YamlEntry& value) {
                Choice("http2", value, {"true", "false"});
              }}});
  }

  void ReadHeaders(const YamlEntry& map) {
    std::string accepted;
    for (const AllowedHeader& header : kAllowedHeaders) {
      accepted += (accepted.empty() ? "" : ", ") + std::string(header.name);
    }
    if (!IsMap(map, "headers", accepted)) return;
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const YamlEntry& value = map.items[i + 1];
      const std::string name = source_.Key(map.items[i], seen, accepted);
      const auto* const header =
          std::find_if(kAllowedHeaders.begin(), kAllowedHeaders.end(),
                       [&](const AllowedHeader& each) { return each.name == name; });
      if (header == kAllowedHeaders.end()) {
        source_.Fail(map.items[i].line,
                     "the header " + Quoted(name) + " cannot be set; accepted here: " + accepted);
      }
      const std::string text = source_.Text(name, value);
      if (HasControlCharacter(text)) {
        source_.Fail(value.line, name + " holds a line break or another control character");
      }
      const auto& values = header->values;
      if (!values[0].empty() && std::find(values.begin(), values.end(), text) == values.end()) {
        source_.Fail(value.line, name + ": " + Quoted(text) + " is not accepted; use " +
                                     std::string(values[0]) +
                                     (values[1].empty() ? "" : " or " + std::string(values[1])));
      }
      config_.headers.push_back({name, text});
    }
  }

  const std::string folder_;  // of the file, with a slash at its end; empty: the current one
  const YamlSource& source_;
  WebConfig config_;
};

}  // namespace

WebConfig ParseWebConfig(std::string_view path, std::string_view text) {
  const YamlSource source(path);
  return Reader(path, source).Read(ParseYaml(source, text, kExample));
}

}  // namespace memleak
