// The configuration file that the package installs: every flag of serve that can stand there, with
// its default, commented out.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "exporter/config/flag_table.h"

namespace memleak {

// `head` is what comments at the top say. `chosen`: what the package sets, by the keys of the file
// (`trend.state-file`); these are not commented out. Throws std::runtime_error for a key that no
// flag has.
std::string DefaultConfig(std::string_view head, std::span<const Flag> flags,
                          std::map<std::string, std::string> chosen);

}  // namespace memleak
