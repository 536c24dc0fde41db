// One file that is replaced as a whole: after a crash at any moment it holds what was written last
// or what was written before.
//
// Nothing but regular files is read or replaced, links are not followed, and only the file's own
// directory is written to: FILE, FILE.tmp, and FILE.WHY for what was set aside. What a crash left
// behind is replaced, never added to. rename(2), fsync(2).
//
// One thread at a time. Trouble is a value with the reason in words; what it means for the user,
// and how often it is logged, is the caller's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memleak {

class StateFile {
 public:
  explicit StateFile(const std::string& path);

  enum class Found {
    kBytes,
    kNothing,     // there is no file, and one can be made
    kUnreadable,  // a file that cannot be read
    kUnusable,    // no regular file, or no such directory: nothing can be kept there
  };
  struct Content {
    Found found = Found::kNothing;
    std::string bytes;   // one more than the bound where there are more
    std::string reason;  // of kUnreadable and kUnusable
  };
  Content Load(size_t max_bytes) const;

  // Puts `bytes` in its place, readable by its owner only. Returns why not, or nothing.
  std::string Save(std::string_view bytes) const;

  // Renames it to FILE.`why`, over an earlier one. Returns why not, or nothing.
  std::string SetAside(std::string_view why) const;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string directory_;
  std::string name_;
};

}  // namespace memleak
