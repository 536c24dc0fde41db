// What the shells complete: commands, flags, and the values of flags where they can be known.
#pragma once

#include <span>
#include <string>

#include "deploy/debian/documents/commands.h"

namespace memleak {

// Programmable completion of bash(1), without the functions of the package bash-completion.
std::string BashCompletion(std::span<const Command> commands);

// For _arguments, zshcompsys(1).
std::string ZshCompletion(std::span<const Command> commands);

// complete(1) of fish.
std::string FishCompletion(std::span<const Command> commands);

}  // namespace memleak
