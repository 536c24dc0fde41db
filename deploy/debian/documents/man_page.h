// The manual page (man-pages(7), groff_man(7)).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "deploy/debian/documents/commands.h"

namespace memleak {

// `page` with the flags of each command in place of its line `@FLAGS NAME@`, and the version in
// place of `@VERSION@`. Throws std::runtime_error for a command without such a line, or the other
// way round.
std::string ManPage(std::string_view page, std::string_view version,
                    std::span<const Command> commands);

}  // namespace memleak
