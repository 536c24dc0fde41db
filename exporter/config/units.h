// Sizes and durations as users write them.
//
// Both throw UsageError with the text that was given and what is accepted, without the flag's name,
// which the caller knows. Neither takes a sign, a space or anything after the unit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace memleak {

// Bytes: a number with KiB, MiB, GiB (1024) or kB, MB, GB (1000), or a whole number with B or
// nothing. 1.5GiB is fine (up to 9 decimals); a part of a byte is dropped. Below 2^63, so that
// differences fit.
uint64_t ParseSize(std::string_view text);

// A number with ms, s, m, h or d, or several from large to small: 30s, 1.5h, 1h30m. A bare 0 is 0.
// A part of a millisecond is dropped. At most 36500d, so that it fits when counted in nanoseconds.
std::chrono::milliseconds ParseDuration(std::string_view text);

}  // namespace memleak
