// User names from a passwd file (passwd(5)) below the host's root: never through NSS, which could
// ask a directory server and block.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace memleak {

// Parses `name:password:uid:...` lines; malformed lines are skipped, of two names the first wins.
std::unordered_map<uint32_t, std::string> ParsePasswd(std::string_view text);

// The users of one passwd file. Any thread; may block on the file's file system, so it is asked
// from SlowReads only.
class Users {
 public:
  explicit Users(std::string passwd_path) : path_(std::move(passwd_path)) {}

  // The name of `uid`, or the number as text. The file is read again when it changed.
  std::string Name(uint32_t uid);

 private:
  std::mutex mutex_;
  std::string path_;
  int64_t modified_ns_ = -1;
  std::unordered_map<uint32_t, std::string> names_;
};

}  // namespace memleak
