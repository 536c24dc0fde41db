// Text that a user typed, made fit to be repeated in an error message.
//
// A message is one line on a terminal or in a journal, and what was typed can hold anything:
// control characters are escaped, so are bytes that are no UTF-8 and characters that reorder or
// break a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memleak {

inline constexpr size_t kMaxQuotedBytes = 120;

// `text` on one line, shortened to about `max_bytes`; backslashes and quotes stay as they were
// typed.
std::string Printable(std::string_view text, size_t max_bytes = kMaxQuotedBytes);

// The same between double quotes.
std::string Quoted(std::string_view text);

}  // namespace memleak
