// Label text: names and values as they stand between the braces of a sample.
//
// Values come from the kernel and from users: any byte but NUL. They are made valid UTF-8 (each
// invalid byte becomes U+FFFD), bounded in length, and escaped once; after that they are copied,
// never looked at again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memleak {

// Longest label value in bytes, before escaping. Longer ones are cut at a character's border.
inline constexpr size_t kMaxLabelValueBytes = 256;

// Appends `name="value"` to `out`, with a comma before it if `out` is not empty.
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

// The same where there is a value: an unknown label is absent.
void AppendKnownLabel(std::string& out, std::string_view name, std::string_view value);

// Returns `text` as valid UTF-8 of at most `max_bytes` bytes, unescaped.
std::string ValidUtf8(std::string_view text, size_t max_bytes = kMaxLabelValueBytes);

}  // namespace memleak
