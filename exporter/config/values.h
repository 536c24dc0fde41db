// One value of one flag: from text to what the options hold.
//
// All throw UsageError with the text that was given and what is accepted, without the flag's name,
// which the caller knows. Nothing here asks the machine: whether an address can be bound or a
// folder exists is seen at start-up.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/options.h"

namespace memleak {

// `true` or `false`, as the configuration file says it.
bool ParseSwitch(std::string_view text);

// A whole number from `least` to `most`.
int ParseInteger(std::string_view text, int least, int most);

// The index of `text` among `choices`.
size_t ParseChoice(std::string_view text, const std::vector<std::string_view>& choices);

// `host:port`, `[v6]:port` or `:port`.
std::string CheckListenAddress(std::string_view text);

// A path that the metrics can be served under: plain characters only, since the server decodes and
// normalises what clients send, and none of the paths that mean something else.
std::string ParseTelemetryPath(std::string_view text);

// Name of a file or folder.
std::string ParsePath(std::string_view text);

// A host's name: letters, digits and . _ - only.
std::string ParseNodeName(std::string_view text);

// A name as the `group` label has it; any text but nothing.
std::string ParseGroupName(std::string_view text);

// `NAME=REGEX`, split at the first `=`. group_rule.cc alone includes RE2.
GroupRule ParseGroupRule(std::string_view text);

}  // namespace memleak
