// The configuration file: YAML whose nested names are the flags', cut at the dots.
//
//   web: {listen-address: [":10078"], ui: false}
//   group:
//     rules: [{name: api, match: "java .*api\\.jar"}]
//
// yaml_tree.h parses it; the text is hostile until proven otherwise.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "exporter/config/flag_table.h"
#include "exporter/config/options.h"

namespace memleak {

// Sets in `options` what `text` says. `name` is what messages call the file. Throws UsageError with
// one line, `name:LINE: what is wrong, and what is accepted`.
void ApplyConfigText(std::string_view name, std::string_view text, std::span<const Flag> flags,
                     Options& options);

// The same for the file at `path`. Throws StartupError if it cannot be read.
void ApplyConfigFile(const std::string& path, std::span<const Flag> flags, Options& options);

}  // namespace memleak
