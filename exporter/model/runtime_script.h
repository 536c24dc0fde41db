// What a language runtime runs: the main class, jar, script or module on its command line.
//
// Pure. Arguments hold secrets: a name is an identifier or a basename of [A-Za-z0-9_.$/:@-] and at
// most 128 bytes, or it is not used.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

// "java", "python", "node", "ruby", "perl" or "php" by an executable's basename ("python3.11",
// "nodejs"); empty for anything else.
std::string_view RuntimeOf(std::string_view executable_basename);

// The name of what `runtime` was started with, or empty: code given on the command line, standard
// input and an interactive prompt have none. `arguments` includes argv[0].
std::string RuntimeScript(std::string_view runtime, std::span<const std::string_view> arguments);

// Splits a command line at its NULs. A last argument that was cut off is left out.
std::vector<std::string_view> SplitArguments(std::string_view cmdline, bool truncated);

// Whether `name` may be shown: not empty, at most 128 bytes, of the characters above.
bool IsSafeName(std::string_view name);

// What follows the last '/'.
std::string_view Basename(std::string_view path);

}  // namespace memleak
