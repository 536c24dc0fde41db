// Rows for the flags of commands other than serve, which keep their options to themselves.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/flag_table.h"

namespace memleak {

// A mark where `value_name` is empty, else a flag with a value. `set` must outlive the row, with
// all that it refers to.
Flag CommandFlag(std::string_view section, std::string name, std::string value_name,
                 std::string default_value, std::string help,
                 std::function<void(std::string_view)> set);

// A flag that takes one of `choices`; `set` gets which of them it is.
Flag CommandChoice(std::string_view section, std::string name, std::string value_name,
                   std::string default_value, std::string help,
                   std::vector<std::string_view> choices, std::function<void(size_t)> set);

// The URL of a server, as it was given. Throws UsageError, which shows `example` and not the text:
// that may hold a password.
std::string ParseServerUrl(std::string_view text, std::string_view example);

}  // namespace memleak
