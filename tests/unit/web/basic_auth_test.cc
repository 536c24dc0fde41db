#include "exporter/web/basic_auth.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using Verdict = BasicAuth::Verdict;

// Base64 of "alice:right" and the like, by the book (RFC 4648, section 4).
std::string Header(std::string_view user, std::string_view password) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text(user);
  text.append(":").append(password);
  std::string out = "Basic ";
  for (size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](size_t at) {
      return at < text.size() ? static_cast<uint32_t>(static_cast<unsigned char>(text[at])) : 0u;
    };
    const uint32_t bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (size_t n = 0; n < 4; ++n) {
      out += i + n > text.size() ? '=' : kAlphabet[bits >> (18 - 6 * n) & 63];
    }
  }
  return out;
}

// Stands for bcrypt: the "hash" is the password. Can be held up, and counts.
class SlowMatcher {
 public:
  BasicAuth::Matches function() {
    return [this](std::string_view hash, std::string_view password) {
      std::unique_lock lock(mutex_);
      ++running_;
      most_running_ = std::max(most_running_, running_);
      hashes_.emplace_back(hash);
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
      --running_;
      return hash == password;
    };
  }
  void Hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void LetGo() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void AwaitCheck() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ > 0; });
  }
  size_t checks() {
    const std::lock_guard lock(mutex_);
    return hashes_.size();
  }
  std::vector<std::string> hashes() {
    const std::lock_guard lock(mutex_);
    return hashes_;
  }
  int most_running() {
    const std::lock_guard lock(mutex_);
    return most_running_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int running_ = 0;
  int most_running_ = 0;
  std::vector<std::string> hashes_;
};

std::future<Verdict> CheckLater(BasicAuth& auth, std::string header, std::string client) {
  return std::async(std::launch::async,
                    [&auth, header = std::move(header), client = std::move(client)] {
                      return auth.Check(header, client);
                    });
}

// Takes the verdicts that come, until there are `count` or ten seconds are over.
std::vector<Verdict> AwaitVerdicts(std::vector<std::future<Verdict>>& checks, size_t count) {
  std::vector<Verdict> verdicts;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (verdicts.size() < count && std::chrono::steady_clock::now() < deadline) {
    for (auto& check : checks) {
      if (check.valid() &&
          check.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready) {
        verdicts.push_back(check.get());
      }
    }
  }
  return verdicts;
}

TEST_CASE("bcrypt hashes of other programs are understood") {
  // Of crypt_blowfish's own tests (https://www.openwall.com/crypt/).
  const std::string rest = "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  for (const char* letters : {"$2a$", "$2b$", "$2y$"}) {
    INFO(letters);
    CHECK(BcryptMatches(letters + rest, "U*U"));
    CHECK_FALSE(BcryptMatches(letters + rest, "U*U*"));
    CHECK_FALSE(BcryptMatches(letters + rest, ""));
    CHECK_FALSE(BcryptMatches(letters + rest, std::string("U*U\0", 4)));
    CHECK_FALSE(BcryptMatches(letters + rest, std::string("U*U\0junk", 8)));
  }
  CHECK(BcryptMatches("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
                      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789chars after 72 are ignored"));
  // Eight bits: what libxcrypt's own $2a$ would treat in a way of its own.
  CHECK(BcryptMatches("$2a$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
                      "\xff\xff\xa3"));
}

TEST_CASE("users with their passwords, and nobody else") {
  SlowMatcher matcher;
  BasicAuth auth({{"alice", "right"}, {"bob", "p:w"}}, matcher.function(), {});
  CHECK(auth.Check(Header("alice", "right"), "c") == Verdict::kAllowed);
  CHECK(auth.Check(Header("bob", "p:w"), "c") == Verdict::kAllowed);
  CHECK(auth.Check(Header("alice", "p:w"), "c") == Verdict::kDenied);
  CHECK(auth.Check(Header("bob", "p:w "), "c") == Verdict::kDenied);
  CHECK(auth.Check(Header("Alice", "right"), "c") == Verdict::kDenied);
  CHECK(auth.Check(Header("", ""), "c") == Verdict::kDenied);
  CHECK(auth.Check(Header("carol", "right"), "c") == Verdict::kDenied);
  std::string lower = Header("alice", "right");
  lower.replace(0, 5, "bAsIc ");
  CHECK(auth.Check(lower, "c") == Verdict::kAllowed);
}

TEST_CASE("what is no basic authentication is refused without a check") {
  SlowMatcher matcher;
  BasicAuth auth({{"alice", "right"}}, matcher.function(), {});
  for (const char* header :
       {"", "Basic", "Basic ", "Basic !!!!", "Bearer YWxpY2U6cmlnaHQ=", "Basic YWxpY2U=",
        "YWxpY2U6cmlnaHQ=", "Basic YWxpY2U6cmlnaHQ=, Basic x", "Basic YWxp Y2U6cmlnaHQ="}) {
    INFO(header);
    CHECK(auth.Check(header, "c") == Verdict::kDenied);
  }
  CHECK(matcher.checks() == 0);
}

TEST_CASE("a right password is checked once, a wrong one each time") {
  SlowMatcher matcher;
  BasicAuth auth({{"alice", "right"}, {"bob", "other"}}, matcher.function(), {});
  for (int i = 0; i < 5; ++i) CHECK(auth.Check(Header("alice", "right"), "c") == Verdict::kAllowed);
  CHECK(matcher.checks() == 1);
  for (int i = 0; i < 5; ++i) CHECK(auth.Check(Header("alice", "wrong"), "c") == Verdict::kDenied);
  CHECK(matcher.checks() == 6);
  // What is remembered of one user says nothing of another.
  CHECK(auth.Check(Header("bob", "right"), "c") == Verdict::kDenied);
  CHECK(matcher.checks() == 7);
  CHECK(auth.Check(Header("alice", "right"), "c") == Verdict::kAllowed);
  CHECK(matcher.checks() == 7);
}

TEST_CASE("an unknown user costs what a known one does, the same whenever it is asked for") {
  SlowMatcher matcher;
  BasicAuth auth({{"alice", "one"}, {"bob", "two"}}, matcher.function(), {});
  for (int i = 0; i < 3; ++i) CHECK(auth.Check(Header("carol", "one"), "c") == Verdict::kDenied);
  for (int i = 0; i < 3; ++i) CHECK(auth.Check(Header("carol", "two"), "c") == Verdict::kDenied);
  const std::vector<std::string> hashes = matcher.hashes();
  REQUIRE(hashes.size() == 6);
  CHECK(std::count(hashes.begin(), hashes.end(), hashes[0]) == 6);
}

TEST_CASE("a long password is known by what bcrypt looks at") {
  SlowMatcher matcher;
  const auto matches = [&](std::string_view hash, std::string_view password) {
    return matcher.function()(hash, password.substr(0, kBcryptPasswordBytes));
  };
  const std::string password(kBcryptPasswordBytes, 'x');
  BasicAuth auth({{"alice", password}}, matches, {});
  CHECK(auth.Check(Header("alice", password + "1"), "c") == Verdict::kAllowed);
  CHECK(auth.Check(Header("alice", password + "2"), "c") == Verdict::kAllowed);
  CHECK(matcher.checks() == 1);
  CHECK(auth.Check(Header("alice", password.substr(1)), "c") == Verdict::kDenied);
}

TEST_CASE("one check at a time; those beyond the limit are turned away at once") {
  SlowMatcher matcher;
  BasicAuth::Limits limits;
  limits.checks = 3;
  limits.longest_wait = std::chrono::minutes(1);
  BasicAuth auth({{"alice", "right"}, {"bob", "known"}}, matcher.function(), limits);
  REQUIRE(auth.Check(Header("bob", "known"), "c") == Verdict::kAllowed);
  matcher.Hold();
  std::vector<std::future<Verdict>> checks;
  checks.push_back(CheckLater(auth, Header("alice", "0"), "0"));
  matcher.AwaitCheck();
  // Whoever comes now is under way, waits, or is turned away: of ten, two find room.
  for (int i = 1; i <= 10; ++i) {
    checks.push_back(CheckLater(auth, Header("alice", std::to_string(i)), std::to_string(i)));
  }
  CHECK(AwaitVerdicts(checks, 8) == std::vector<Verdict>(8, Verdict::kBusy));
  // A remembered password waits for nobody.
  CHECK(auth.Check(Header("bob", "known"), "c") == Verdict::kAllowed);
  matcher.LetGo();
  for (auto& check : checks) {
    if (check.valid()) CHECK(check.get() == Verdict::kDenied);
  }
  CHECK(matcher.most_running() == 1);
  CHECK(auth.Check(Header("alice", "right"), "c") == Verdict::kAllowed);
}

TEST_CASE("one client alone does not shut out another") {
  SlowMatcher matcher;
  BasicAuth::Limits limits;
  limits.checks_of_client = 2;
  limits.longest_wait = std::chrono::minutes(1);
  BasicAuth auth({{"alice", "right"}}, matcher.function(), limits);
  matcher.Hold();
  auto first = CheckLater(auth, Header("alice", "a"), "evil");
  matcher.AwaitCheck();
  std::vector<std::future<Verdict>> others;
  for (const char* password : {"b", "c"}) {
    others.push_back(CheckLater(auth, Header("alice", password), "evil"));
  }
  // One of the two waits, the other one is turned away.
  CHECK(AwaitVerdicts(others, 1) == std::vector<Verdict>{Verdict::kBusy});
  auto good = CheckLater(auth, Header("alice", "right"), "prometheus");
  CHECK(good.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  matcher.LetGo();
  CHECK(good.get() == Verdict::kAllowed);
  CHECK(first.get() == Verdict::kDenied);
  CHECK(AwaitVerdicts(others, 1) == std::vector<Verdict>{Verdict::kDenied});
}

TEST_CASE("requests with the same password share its check, up to a limit") {
  SlowMatcher matcher;
  BasicAuth::Limits limits;
  limits.sharing = 5;
  limits.longest_wait = std::chrono::minutes(1);
  BasicAuth auth({{"alice", "right"}}, matcher.function(), limits);
  matcher.Hold();
  std::vector<std::future<Verdict>> checks;
  checks.push_back(CheckLater(auth, Header("alice", "right"), "c"));
  matcher.AwaitCheck();
  for (int i = 0; i < 8; ++i) checks.push_back(CheckLater(auth, Header("alice", "right"), "c"));
  CHECK(AwaitVerdicts(checks, 3) == std::vector<Verdict>(3, Verdict::kBusy));
  matcher.LetGo();
  for (auto& check : checks) {
    if (check.valid()) CHECK(check.get() == Verdict::kAllowed);
  }
  CHECK(matcher.checks() == 1);
}

TEST_CASE("nobody waits for ever") {
  SlowMatcher matcher;
  BasicAuth::Limits limits;
  limits.longest_wait = std::chrono::milliseconds(10);
  BasicAuth auth({{"alice", "right"}}, matcher.function(), limits);
  matcher.Hold();
  auto stuck = CheckLater(auth, Header("alice", "a"), "c");
  matcher.AwaitCheck();
  CHECK(auth.Check(Header("alice", "b"), "c") == Verdict::kBusy);
  CHECK(auth.Check(Header("alice", "a"), "c") == Verdict::kBusy);
  matcher.LetGo();
  CHECK(stuck.get() == Verdict::kDenied);
  CHECK(auth.Check(Header("alice", "right"), "c") == Verdict::kAllowed);
}

}  // namespace
}  // namespace memleak
