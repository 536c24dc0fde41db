// What the sequence numbers of /dev/kmsg's records tell: which were read before, and how many are
// missing in between.
#pragma once

#include <cstdint>
#include <optional>

namespace memleak {

class KmsgSequence {
 public:
  // False for a record that was read before. What was overwritten before the first one is not
  // missed.
  bool IsNew(uint64_t sequence) {
    if (next_ && sequence < *next_) return false;
    if (next_) lost_ += sequence - *next_;
    next_ = sequence + 1;
    return true;
  }

  uint64_t lost() const { return lost_; }

 private:
  std::optional<uint64_t> next_;
  uint64_t lost_ = 0;
};

}  // namespace memleak
