#include "exporter/web/bcrypt.h"

#include <crypt.h>

#include <cstring>
#include <memory>
#include <string>

#include "exporter/web/openssl_api.h"

namespace memleak {
namespace {

constexpr size_t kPrefix = 4;        // "$2b$"
constexpr size_t kSettingSize = 29;  // prefix, cost, "$", salt
constexpr size_t kHashSize = 60;

}  // namespace

bool BcryptMatches(std::string_view hash, std::string_view password) {
  // The letters tell how old the program was that made the hash; for what they were fixed, "2b" is
  // right for all of them, while libxcrypt's "2a" departs from others' on purpose.
  const std::string setting = "$2b$" + std::string(hash.substr(kPrefix, kSettingSize - kPrefix));
  std::string phrase(password);
  // 32 KiB, which a worker's stack has no place for.
  const auto scratch = std::make_unique<crypt_data>();
  const char* const computed = crypt_r(phrase.c_str(), setting.c_str(), scratch.get());
  const bool same = computed != nullptr && std::strlen(computed) == kHashSize &&
                    hash.size() == kHashSize &&
                    CRYPTO_memcmp(computed + kSettingSize, hash.data() + kSettingSize,
                                  kHashSize - kSettingSize) == 0;
  explicit_bzero(scratch.get(), sizeof *scratch);
  explicit_bzero(phrase.data(), phrase.size());
  return same && password.find('\0') == std::string_view::npos;
}

}  // namespace memleak
