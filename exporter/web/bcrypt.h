// Whether a password is the one of a bcrypt hash.
//
// libxcrypt's crypt_r(3) computes it, bcrypt.cc alone includes it.
#pragma once

#include <cstddef>
#include <string_view>

namespace memleak {

// bcrypt looks at no more of a password (crypt(5)).
inline constexpr size_t kBcryptPasswordBytes = 72;

// `hash` is well-formed: `$2a$`, `$2b$` or `$2y$`, 60 characters (web_config.h sees to that). Takes
// as long as the hash's cost says, whatever the password; any thread. A password with a NUL is
// never right. Throws std::bad_alloc.
bool BcryptMatches(std::string_view hash, std::string_view password);

}  // namespace memleak
