// What the tests of the configuration share: two collectors, and errors as text.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/config_file.h"
#include "exporter/config/flag_table.h"
#include "exporter/config/flags.h"

namespace memleak {

inline constexpr std::array<CollectorFlag, 2> kCollectors{{
    {"process", "memory and descriptors of single processes", true},
    {"process_vm", "every other Vm line of a process's status", false},
}};

inline CommandLine Parse(std::initializer_list<const char*> arguments) {
  return ParseCommandLine(std::span(arguments.begin(), arguments.size()), kCollectors);
}

inline Options Flags(std::initializer_list<const char*> arguments) {
  return Parse(arguments).options;
}

inline Options Config(std::string_view text) {
  Options options;
  ApplyConfigText("test.yaml", text, FlagTable(kCollectors), options);
  return options;
}

// The message of the `Error` that `call` throws; the test fails if it throws none.
template <typename Error, typename Call>
std::string MessageOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

inline std::string FlagError(std::initializer_list<const char*> arguments) {
  return MessageOf<UsageError>([&] { Parse(arguments); });
}

inline std::string ConfigError(std::string_view text) {
  return MessageOf<UsageError>([&] { Config(text); });
}

}  // namespace memleak
