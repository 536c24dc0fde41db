// A command line as the tests give it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "exporter/config/flags.h"

namespace memleak {

inline CommandLine Parse(std::initializer_list<const char*> arguments) {
  return ParseCommandLine(std::span(arguments.begin(), arguments.size()), {});
}

// What it is refused with.
inline std::string Refusal(std::initializer_list<const char*> arguments) {
  try {
    Parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace memleak
