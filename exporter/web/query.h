// Query strings (RFC 3986 with the + of HTML forms). Hostile input: any bytes; never throws.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memleak {

// Splits `a=b&c=d` into decoded pairs in their order; a key may come several times. A broken
// percent escape stands for itself. At most 400 pairs are returned, the rest is ignored.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query);

}  // namespace memleak
