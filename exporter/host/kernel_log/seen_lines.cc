#include "exporter/host/kernel_log/seen_lines.h"

#include <functional>
#include <utility>

namespace memleak {

void SeenLines::Add(std::string_view line) { now_.push_back(std::hash<std::string_view>{}(line)); }

size_t SeenLines::Compare() {
  // Knuth, Morris and Pratt: after the last line of the copy before, the length of the match is
  // that of the longest end of it that this copy begins with.
  borders_.assign(now_.size(), 0);
  for (size_t i = 1, length = 0; i < now_.size(); ++i) {
    while (length > 0 && now_[i] != now_[length]) length = borders_[length - 1];
    if (now_[i] == now_[length]) ++length;
    borders_[i] = static_cast<uint32_t>(length);
  }
  size_t length = 0;
  for (const uint64_t line : before_) {
    // A whole match that goes on is none at the end.
    if (length == now_.size()) length = length == 0 ? 0 : borders_[length - 1];
    while (length > 0 && line != now_[length]) length = borders_[length - 1];
    if (!now_.empty() && line == now_[length]) ++length;
  }
  return length;
}

void SeenLines::End(size_t told) {
  if (told < now_.size()) now_.resize(told);
  std::swap(before_, now_);
}

}  // namespace memleak
