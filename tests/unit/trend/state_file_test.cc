#include "exporter/trend/state_file.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "exporter/host/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/support/temporary_tree.h"

namespace memleak {
namespace {

namespace fs = std::filesystem;
using Found = StateFile::Found;
using Names = std::set<std::string>;

constexpr size_t kBound = 1'000;

Names NamesIn(const std::string& directory) {
  Names names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Place {
  TemporaryTree tree;
  std::string path = tree.path() + "/trends";
  StateFile file{path};
};

TEST_CASE("what was saved is loaded, and nothing else is left") {
  Place place;
  CHECK(place.file.Load(kBound).found == Found::kNothing);
  for (const std::string& bytes : {std::string("a\0b", 3), std::string(), std::string("second")}) {
    CHECK(place.file.Save(bytes).empty());
    const StateFile::Content content = place.file.Load(kBound);
    CHECK(content.found == Found::kBytes);
    CHECK(content.bytes == bytes);
  }
  CHECK(NamesIn(place.tree.path()) == Names{"trends"});
}

TEST_CASE("the file is its owner's alone") {
  Place place;
  place.tree.Write("trends", "old");
  chmod(place.path.c_str(), 0666);
  REQUIRE(place.file.Save("new").empty());
  CHECK(fs::status(place.path).permissions() == fs::perms(0600));
}

TEST_CASE("a file is replaced as a whole, never written to") {
  Place place;
  place.tree.Write("trends", "old");
  fs::create_hard_link(place.path, place.tree.path() + "/witness");
  REQUIRE(place.file.Save("new").empty());
  CHECK(TextOf(place.tree.path() + "/witness") == "old");
}

TEST_CASE("a relative path is one") {
  const TemporaryTree tree;
  const fs::path before = fs::current_path();
  fs::current_path(tree.path());
  const StateFile file("trends");
  CHECK(file.Save("x").empty());
  CHECK(file.Load(kBound).bytes == "x");
  fs::current_path(before);
  CHECK(NamesIn(tree.path()) == Names{"trends"});
}

TEST_CASE("no more than a byte beyond the bound is read") {
  Place place;
  REQUIRE(place.file.Save(std::string(5'000, 'x')).empty());
  CHECK(place.file.Load(kBound).bytes.size() == kBound + 1);
  fs::resize_file(place.path, uint64_t{1} << 40);  // takes no room on the disk
  CHECK(place.file.Load(kBound).bytes.size() == kBound + 1);
}

TEST_CASE("what a crash left behind is replaced") {
  Place place;
  place.tree.Write("trends.tmp", "half of i");
  REQUIRE(place.file.Save("whole").empty());
  CHECK(TextOf(place.path) == "whole");
  CHECK(NamesIn(place.tree.path()) == Names{"trends"});
}

TEST_CASE("nothing that lies in the temporary file's place is written to") {
  Place place;
  place.tree.Write("other/precious", "precious");
  const std::string precious = place.tree.path() + "/other/precious";
  SECTION("a symbolic link") { place.tree.Link("trends.tmp", precious); }
  SECTION("a hard link") { fs::create_hard_link(precious, place.path + ".tmp"); }
  REQUIRE(place.file.Save("new").empty());
  CHECK(TextOf(precious) == "precious");
  CHECK(TextOf(place.path) == "new");
}

TEST_CASE("a directory in the temporary file's place is left alone") {
  Place place;
  place.tree.MakeFolder("trends.tmp");
  CHECK(place.file.Save("new") == "cannot remove trends.tmp: Is a directory");
  CHECK(NamesIn(place.tree.path()) == Names{"trends.tmp"});
}

TEST_CASE("what is no regular file is neither read nor replaced") {
  Place place;
  std::string kind;
  UniqueFd socket_fd;
  SECTION("a link to a file") {
    place.tree.Write("target", "target");
    place.tree.Link("trends", "target");
    kind = "is a symbolic link, not a file";
  }
  SECTION("a link to nothing") {
    place.tree.Link("trends", "nothing");
    kind = "is a symbolic link, not a file";
  }
  SECTION("a pipe, which nobody waits for") {
    REQUIRE(mkfifo(place.path.c_str(), 0600) == 0);
    kind = "is a pipe, not a file";
  }
  SECTION("a directory") {
    place.tree.MakeFolder("trends");
    kind = "is a directory, not a file";
  }
  SECTION("a socket") {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    place.path.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_fd = UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE(bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    kind = "is a socket, not a file";
  }
  const Names before = NamesIn(place.tree.path());
  const fs::file_type type = fs::symlink_status(place.path).type();

  const StateFile::Content content = place.file.Load(kBound);
  CHECK(content.found == Found::kUnusable);
  CHECK(content.reason == kind);
  CHECK(place.file.Save("new") == kind);
  CHECK(NamesIn(place.tree.path()) == before);
  CHECK(fs::symlink_status(place.path).type() == type);
}

TEST_CASE("the name of a directory is no file's name") {
  const TemporaryTree tree;
  for (const std::string& path : {tree.path() + "/", std::string("/"), std::string(".")}) {
    INFO(path);
    CHECK(StateFile(path).Load(kBound).reason == "is a directory, not a file");
    CHECK(StateFile(path).Save("x") == "is a directory, not a file");
  }
  CHECK(NamesIn(tree.path()).empty());
}

TEST_CASE("a missing directory is not made") {
  const TemporaryTree tree;
  const StateFile file(tree.path() + "/missing/trends");
  CHECK(file.Load(kBound).found == Found::kUnusable);
  const std::string reason = "cannot open its directory: No such file or directory";
  CHECK(file.Load(kBound).reason == reason);
  CHECK(file.Save("x") == reason);
  CHECK(file.SetAside("corrupt") == reason);
  CHECK(NamesIn(tree.path()).empty());
}

TEST_CASE("a name that is too long is an error like others") {
  const TemporaryTree tree;
  const StateFile file(tree.path() + "/" + std::string(300, 'x'));
  CHECK(file.Load(kBound).reason == "cannot be looked at: File name too long");
  CHECK(file.Save("x") == "cannot be looked at: File name too long");
}

// As a full disk would, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    static_cast<void>(std::signal(SIGXFSZ, handler_));
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_CASE("a write that fails leaves what was there") {
  Place place;
  REQUIRE(place.file.Save("old").empty());
  {
    const FileSizeLimit limit(4'096);
    CHECK(place.file.Save(std::string(10'000, 'x')) == "cannot write trends.tmp: File too large");
  }
  CHECK(NamesIn(place.tree.path()) == Names{"trends"});
  CHECK(TextOf(place.path) == "old");
  CHECK(place.file.Save(std::string(10'000, 'x')).empty());
}

TEST_CASE("what another program puts in the temporary file's place is not taken for ours") {
  Place place;
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
      std::ofstream(place.tree.path() + "/junk") << "junk";
      fs::rename(place.tree.path() + "/junk", place.path + ".tmp");
    }
  });
  // It may come so soon that the file cannot be created, or too late to be noticed.
  const std::string bytes(size_t{4} << 20, 'x');
  const std::string expected = "another program writes trends.tmp";
  std::string why;
  for (int i = 0; i < 1'000 && why != expected; ++i) {
    place.tree.Write("trends", "old");
    why = place.file.Save(bytes);
  }
  stop = true;
  other.join();
  CHECK(why == expected);
  CHECK(TextOf(place.path) == "old");
}

TEST_CASE("a file is set aside over an earlier one") {
  Place place;
  place.tree.Write("trends.corrupt", "earlier");
  place.tree.Write("trends", "bad");
  CHECK(place.file.SetAside("corrupt").empty());
  CHECK(NamesIn(place.tree.path()) == Names{"trends.corrupt"});
  CHECK(TextOf(place.path + ".corrupt") == "bad");
  CHECK(place.file.SetAside("corrupt") ==
        "cannot rename it to trends.corrupt: No such file or directory");
}

TEST_CASE("a directory is not set over") {
  Place place;
  place.tree.MakeFolder("trends.corrupt");
  place.tree.Write("trends", "bad");
  CHECK(place.file.SetAside("corrupt") == "cannot rename it to trends.corrupt: Is a directory");
}

}  // namespace
}  // namespace memleak
