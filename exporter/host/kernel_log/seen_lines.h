// Finds out which lines of a copy of the log were in the copy before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace memleak {

// The log is a ring: a copy of it is the one before, less what was overwritten at its beginning,
// plus what is new at its end. Lines may be equal, and so may times, so a line alone does not say
// where the last copy ended; all of that copy's end does, of which hashes are kept. One thread.
class SeenLines {
 public:
  // Begins a copy.
  void Begin() { now_.clear(); }
  void Add(std::string_view line);

  // How many lines at the beginning of this copy were at the end of the one before: the most
  // possible. This copy is then the one before, only its first `told` lines if they are fewer.
  size_t Compare();
  void End(size_t told);

  // Whether there was anything in the copy before.
  bool any() const { return !before_.empty(); }

 private:
  std::vector<uint64_t> before_;
  std::vector<uint64_t> now_;
  std::vector<uint32_t> borders_;
};

}  // namespace memleak
