#include "exporter/web/basic_auth.h"

#include <strings.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include "exporter/web/openssl_api.h"

namespace memleak {
namespace {

// RFC 4648, section 4; false where it is not that.
bool DecodeBase64(std::string_view text, std::string& bytes) {
  while (text.ends_with('=')) text.remove_suffix(1);
  bytes.reserve(text.size());
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return true;
}

}  // namespace

// Stays in one place, and leaves nothing there.
struct BasicAuth::Credentials {
  Credentials() = default;
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
  ~Credentials() { explicit_bzero(text.data(), text.size()); }

  std::string user() const { return text.substr(0, colon); }
  std::string_view password() const { return Beginning(text.size()).substr(colon + 1); }
  std::string_view Beginning(size_t size) const {
    return {text.data(), std::min(size, text.size())};
  }

  std::string text;  // user, colon, password
  size_t colon = 0;
};

BasicAuth::BasicAuth(std::map<std::string, std::string> users)
    : BasicAuth(std::move(users), BcryptMatches, Limits{}) {}

BasicAuth::BasicAuth(std::map<std::string, std::string> users, Matches matches,
                     const Limits& limits)
    : users_(std::move(users)), matches_(std::move(matches)), limits_(limits) {
  if (getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
}

bool BasicAuth::Parse(std::string_view authorization, Credentials& credentials) {
  constexpr std::string_view kScheme = "Basic ";
  if (authorization.size() < kScheme.size() ||
      strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return false;
  }
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  if (!DecodeBase64(authorization, credentials.text)) return false;
  credentials.colon = credentials.text.find(':');
  return credentials.colon != std::string::npos;
}

BasicAuth::Digest BasicAuth::DigestOf(std::string_view text) const {
  Digest digest{};
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
  return digest;
}

bool BasicAuth::IsRemembered(const Credentials& credentials, const Digest& digest) const {
  const auto found = remembered_.find(credentials.user());
  return found != remembered_.end() &&
         CRYPTO_memcmp(found->second.data(), digest.data(), digest.size()) == 0;
}

std::shared_ptr<BasicAuth::PendingCheck> BasicAuth::FindCheck(const Digest& digest) const {
  const auto found = std::find_if(checks_.begin(), checks_.end(),
                                  [&](const auto& check) { return check->digest == digest; });
  return found == checks_.end() ? nullptr : *found;
}

BasicAuth::Verdict BasicAuth::ShareCheck(std::unique_lock<std::mutex>& lock,
                                         const PendingCheck& check) {
  if (sharing_ >= limits_.sharing) return Verdict::kBusy;
  ++sharing_;
  changed_.wait_for(lock, limits_.longest_wait, [&] { return check.verdict.has_value(); });
  --sharing_;
  return check.verdict.value_or(Verdict::kBusy);
}

void BasicAuth::EndCheck(PendingCheck& check, Verdict verdict) {
  check.verdict = verdict;
  checks_.erase(std::find_if(checks_.begin(), checks_.end(),
                             [&](const auto& each) { return each.get() == &check; }));
  changed_.notify_all();
}

BasicAuth::Verdict BasicAuth::QueueCheck(std::unique_lock<std::mutex>& lock,
                                         const Credentials& credentials, const Digest& digest,
                                         std::string_view client) {
  const auto of_client = std::count_if(checks_.begin(), checks_.end(),
                                       [&](const auto& check) { return check->client == client; });
  if (checks_.size() >= limits_.checks ||
      static_cast<size_t>(of_client) >= limits_.checks_of_client) {
    return Verdict::kBusy;
  }
  const auto check =
      std::make_shared<PendingCheck>(PendingCheck{digest, std::string(client), std::nullopt});
  checks_.push_back(check);
  Verdict verdict = Verdict::kBusy;
  if (changed_.wait_for(lock, limits_.longest_wait, [&] { return checks_.front() == check; })) {
    lock.unlock();
    try {
      verdict = IsRight(credentials) ? Verdict::kAllowed : Verdict::kDenied;
    } catch (const std::bad_alloc&) {
      // Nothing is known, and the turn must not be lost.
    }
    lock.lock();
  }
  if (verdict == Verdict::kAllowed) remembered_[credentials.user()] = digest;
  EndCheck(*check, verdict);
  return verdict;
}

bool BasicAuth::IsRight(const Credentials& credentials) const {
  const auto user = users_.find(credentials.user());
  if (user != users_.end()) return matches_(user->second, credentials.password());
  // As long as for some user, always the same one for the same name, or repeating would tell.
  const Digest digest = DigestOf(credentials.user());
  size_t pick = 0;
  std::memcpy(&pick, digest.data(), sizeof pick);
  const auto chosen = std::next(users_.begin(), static_cast<std::ptrdiff_t>(pick % users_.size()));
  matches_(chosen->second, credentials.password());
  return false;
}

BasicAuth::Verdict BasicAuth::Check(std::string_view authorization, std::string_view client) {
  Credentials credentials;
  if (!Parse(authorization, credentials)) return Verdict::kDenied;
  // bcrypt ignores what follows the 72nd byte of a password, and a name holds no colon: one digest
  // for each thing that bcrypt tells apart.
  const Digest digest =
      DigestOf(credentials.Beginning(credentials.colon + 1 + kBcryptPasswordBytes));

  std::unique_lock lock(mutex_);
  if (IsRemembered(credentials, digest)) return Verdict::kAllowed;
  if (const auto same = FindCheck(digest)) return ShareCheck(lock, *same);
  return QueueCheck(lock, credentials, digest, client);
}

}  // namespace memleak
