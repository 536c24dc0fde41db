// Words of a command line, told apart by a table of flags. Throws UsageError.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/flag_table.h"

namespace memleak {

// A flag as it was given.
struct GivenFlag {
  const Flag* flag;   // in the table
  std::string typed;  // with the dashes, without the value
  std::string value;
};

struct GivenWords {
  std::vector<GivenFlag> flags;
  std::vector<std::string> arguments;  // what is no flag; `-` is none
};

// `help`: where the flags are listed, for refusals.
GivenWords ParseFlags(std::span<const char* const> arguments, const std::vector<Flag>& table,
                      std::string_view help);

// Sets what was given, actions aside.
void ApplyFlags(const std::vector<GivenFlag>& all, Options& options);

}  // namespace memleak
