// Every flag, described once. The command line, the configuration file and --help are all made from
// this table, so adding a flag is adding a row.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/flags.h"
#include "exporter/config/options.h"

namespace memleak {

struct Flag {
  enum class Kind {
    kAction,  // --name; what to do instead of serving
    kMark,    // --name
    kSwitch,  // --name or --no-name
    kValue,   // --name=value
    kList,    // --name=value, repeatable; a list or one element of it in the file
    kRules,   // the same, but the file has maps of `name` and `match` for NAME=REGEX
  };
  // Changes the options as `value` says ("true" and "false" for marks and switches), or throws
  // UsageError with what is wrong and what is accepted. A list is appended to.
  using Set = std::function<void(std::string_view value, Options& options)>;

  std::string_view section;  // of --help
  Kind kind = Kind::kValue;
  std::string name;           // without the dashes
  std::string file_key;       // path in the configuration file, empty if it cannot stand there
  std::string value_name;     // for --help, empty where there is no value
  std::string default_value;  // as a user would write it, empty if there is none
  std::vector<std::string_view> choices;  // all that it takes, where that can be listed
  std::string help;
  Set set;                              // not for actions
  std::function<void(Options&)> clear;  // for lists: drops what is there, defaults included
  CommandLine::Action action{};         // for actions

  bool TakesValue() const { return kind >= Kind::kValue; }
  bool IsRepeatable() const { return kind >= Kind::kList; }
};

// In the order of --help.
std::vector<Flag> FlagTable(std::span<const CollectorFlag> collectors);

}  // namespace memleak
