// Which build this is. cmake/version.cc.in holds the values.
#pragma once

#include <string_view>

namespace memleak {

std::string_view Version();   // of the project, e.g. "0.1.0"
std::string_view Revision();  // short git revision, or "unknown"

}  // namespace memleak
