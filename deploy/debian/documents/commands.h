// The commands of memleak_exporter with their flags, as the documents tell of them. The flags are
// the exporter's own tables (exporter/config).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/flag_table.h"

namespace memleak {

struct Command {
  std::string_view name;
  std::string_view summary;  // what it does, without a capital or a full stop
  bool takes_files;
  std::vector<Flag> flags;  // in the order of --help
};

// serve first, which is what the program does when no command is named.
std::vector<Command> Commands();

// What stands after the name of a flag that takes a value.
enum class ValueKind { kWord, kChoice, kFile, kDirectory };
ValueKind ValueKindOf(const Flag& flag);

// The words that it takes, where they can be listed, with a space between them.
std::string ChoicesOf(const Flag& flag);

// The names by which a flag is given, with their dashes and without `=`: two for a switch.
std::vector<std::string> NamesOf(const Flag& flag);

// Whether `false`, not `true`, is what a mark or switch has by default.
bool IsOffByDefault(const Flag& flag);

// Replaces each `from` by `to`.
std::string Replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace memleak
