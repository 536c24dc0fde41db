#include "exporter/web/live_protection.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "exporter/config/errors.h"
#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/support/temporary_tree.h"
#include "tests/unit/web/key_pairs.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOften{1};
constexpr const char* kUsers =
    "basic_auth_users: {alice: $2y$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234}\n";
constexpr const char* kTls = "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n";

bool Await(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

// Longer than it takes to see a change, twice.
void LetItLook() { std::this_thread::sleep_for(milliseconds(50)); }

class WebFolder {
 public:
  WebFolder() {
    tree_.Write("c.pem", kCertificate);
    tree_.Write("k.pem", kKey);
  }
  // In one step, as what changes configurations does.
  void Put(const std::string& name, const std::string& text) {
    tree_.Write("next", text);
    std::filesystem::rename(tree_.path() + "/next", tree_.path() + "/" + name);
  }
  std::string config() const { return tree_.path() + "/web.yml"; }

 private:
  TemporaryTree tree_;
};

TEST_CASE("without a file there is no protection") {
  const LiveProtection live("");
  CHECK(live.Current()->tls == nullptr);
  CHECK(live.Current()->auth == nullptr);
  CHECK(live.Current()->headers.empty());
}

TEST_CASE("at the start, what is wrong is thrown") {
  WebFolder folder;
  CHECK_THROWS_AS(LiveProtection(folder.config()), StartupError);
  folder.Put("web.yml", "nonsense: true");
  CHECK_THROWS_AS(LiveProtection(folder.config()), UsageError);
  folder.Put("web.yml", "tls_server_config: {cert_file: absent.pem, key_file: k.pem}");
  CHECK_THROWS_WITH(LiveProtection(folder.config()),
                    Catch::Matchers::StartsWith("cert_file: cannot read \"") &&
                        Catch::Matchers::EndsWith("/absent.pem\": No such file or directory"));
}

TEST_CASE("a change is taken, and users that stay the same are the same") {
  WebFolder folder;
  folder.Put("web.yml", std::string(kUsers) + kTls);
  const LiveProtection live(folder.config(), kOften);
  const auto first = live.Current();
  REQUIRE(first->tls != nullptr);
  REQUIRE(first->auth != nullptr);

  folder.Put("c.pem", std::string(kCertificate) + kOtherCertificate);
  REQUIRE(Await([&] { return live.Current() != first; }));
  const auto second = live.Current();
  CHECK(second->tls != first->tls);
  CHECK(second->auth == first->auth);

  folder.Put("web.yml", kTls);
  REQUIRE(Await([&] { return live.Current() != second; }));
  CHECK(live.Current()->auth == nullptr);
}

TEST_CASE("what is broken is not taken, and what works again is") {
  WebFolder folder;
  folder.Put("web.yml", kTls);
  const LiveProtection live(folder.config(), kOften);
  const auto first = live.Current();
  folder.Put("c.pem", kOtherCertificate);  // whose key is another
  LetItLook();
  CHECK(live.Current() == first);
  folder.Put("k.pem", kOtherKey);
  REQUIRE(Await([&] { return live.Current() != first; }));

  const auto second = live.Current();
  for (const char* broken : {"", "tls_server_config: {", "nonsense: 1", kUsers}) {
    folder.Put("web.yml", broken);  // an empty one would switch TLS off
    LetItLook();
    CHECK(live.Current() == second);
  }
  std::filesystem::remove(folder.config());
  LetItLook();
  CHECK(live.Current() == second);
  folder.Put("web.yml", kTls);
  CHECK(Await([&] { return live.Current() != second; }));
}

TEST_CASE("a file that hangs holds up neither use nor end") {
  WebFolder folder;
  folder.Put("web.yml", kUsers);
  {
    const LiveProtection live(folder.config(), kOften);
    const auto first = live.Current();
    std::filesystem::remove(folder.config());
    REQUIRE(mkfifo(folder.config().c_str(), 0600) == 0);  // opening it waits for a writer
    LetItLook();
    CHECK(live.Current() == first);
  }
  // Let the thread that was left behind go on to its end.
  REQUIRE(Await([&] {
    return static_cast<bool>(
        UniqueFd(open(folder.config().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)));
  }));
}

}  // namespace
}  // namespace memleak
