// Who may ask: HTTP basic authentication (RFC 7617) against bcrypt hashes.
//
// bcrypt is slow on purpose, so a flood of wrong passwords would take all processors and all of the
// server's threads. Hence:
// - one password is checked at a time, and only a few wait for their turn; requests with the same
//   password wait for the same check;
// - a right password is remembered, as a keyed digest, and passes at once the next time;
// - a wrong one is not, and an unknown user's costs what a known user's does, so that neither the
//   answer nor the time it takes tells which names exist.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/web/bcrypt.h"

namespace memleak {

class BasicAuth {
 public:
  enum class Verdict {
    kAllowed,
    kDenied,
    kBusy,  // too many passwords wait to be checked; nothing is said about this one
  };
  using Matches = std::function<bool(std::string_view hash, std::string_view password)>;
  struct Limits {
    size_t checks = 9;            // under way or waiting
    size_t checks_of_client = 4;  // so that one client alone cannot shut out the others
    size_t sharing = 40;          // requests that wait for a check of another one
    std::chrono::milliseconds longest_wait{5000};
  };

  // `users` maps names to bcrypt hashes and is not empty. `matches` stands for bcrypt in tests.
  // Throws std::system_error when the kernel gives no random bytes.
  explicit BasicAuth(std::map<std::string, std::string> users);
  BasicAuth(std::map<std::string, std::string> users, Matches matches, const Limits& limits);

  const std::map<std::string, std::string>& users() const { return users_; }

  // `authorization` is the header's value, empty without one; `client` is where it came from. Waits
  // where a password has to be checked. Any thread.
  Verdict Check(std::string_view authorization, std::string_view client);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Credentials;

  // One password that is checked, or waits to be.
  struct PendingCheck {
    Digest digest;
    std::string client;
    std::optional<Verdict> verdict;  // once it is known
  };

  static bool Parse(std::string_view authorization, Credentials& credentials);
  Digest DigestOf(std::string_view text) const;
  bool IsRemembered(const Credentials& credentials, const Digest& digest) const;
  std::shared_ptr<PendingCheck> FindCheck(const Digest& digest) const;
  // Both wait with `lock`, which is on `mutex_`.
  Verdict ShareCheck(std::unique_lock<std::mutex>& lock, const PendingCheck& check);
  Verdict QueueCheck(std::unique_lock<std::mutex>& lock, const Credentials& credentials,
                     const Digest& digest, std::string_view client);
  void EndCheck(PendingCheck& check, Verdict verdict);
  bool IsRight(const Credentials& credentials) const;

  const std::map<std::string, std::string> users_;
  const Matches matches_;
  const Limits limits_;
  std::array<unsigned char, 32> secret_{};  // keys the digests; never leaves the process

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<PendingCheck>> checks_;  // the first is under way
  size_t sharing_ = 0;
  std::map<std::string, Digest> remembered_;  // by user: of the password that was right
};

}  // namespace memleak
