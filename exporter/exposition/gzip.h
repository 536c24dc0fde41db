// gzip in one call (RFC 1952), by libdeflate: the body is whole before it is sent, so nothing
// streams.
#pragma once

#include <string>
#include <string_view>

namespace memleak {

// Returns `body` compressed at a fast level. Any thread. Throws std::bad_alloc only.
std::string Gzip(std::string_view body);

}  // namespace memleak
