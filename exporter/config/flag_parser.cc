#include "exporter/config/flag_parser.h"

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <map>
#include <utility>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

namespace po = boost::program_options;

// No abbreviations, no single dashes, no changes of case: a flag is written in one way.
constexpr int kStyle = po::command_line_style::allow_long |
                       po::command_line_style::long_allow_adjacent |
                       po::command_line_style::long_allow_next;

// What one name on the command line means; a switch has two.
struct Meaning {
  const Flag* flag;
  std::string_view value;  // of a mark or switch
};
using Meanings = std::map<std::string, Meaning, std::less<>>;  // by name, without the dashes

Meanings MeaningsOf(const std::vector<Flag>& table) {
  Meanings meanings;
  for (const Flag& flag : table) {
    meanings.insert({flag.name, {&flag, "true"}});
    if (flag.kind == Flag::Kind::kSwitch) meanings.insert({"no-" + flag.name, {&flag, "false"}});
  }
  return meanings;
}

[[noreturn]] void Refuse(std::string_view typed, const std::string& why) {
  throw UsageError(Printable(typed) + ": " + why);
}

std::string_view WithoutDashes(std::string_view typed) {
  return typed.substr(std::min(typed.size(), typed.find_first_not_of('-')));
}

[[noreturn]] void RefuseUnknown(std::string_view typed, const Meanings& meanings,
                                std::string_view help) {
  const std::string_view name = WithoutDashes(typed);
  const auto first = meanings.lower_bound(name);
  const auto matches = [&](auto it) { return it != meanings.end() && it->first.starts_with(name); };
  if (!name.empty() && matches(first) && !matches(std::next(first))) {
    Refuse(typed, "unknown flag; write --" + first->first + " in full");
  }
  if (name.starts_with("collector.") || name.starts_with("no-collector.")) {
    Refuse(typed, "unknown flag; --list-collectors names the collectors");
  }
  Refuse(typed, "unknown flag; " + std::string(help) + " lists the flags");
}

[[noreturn]] void RefuseMissingValue(const std::string& typed, const Flag& flag) {
  const std::string& example = flag.default_value.empty() ? flag.value_name : flag.default_value;
  Refuse(typed, "needs a value; use " + typed + '=' + example);
}

[[noreturn]] void RefuseSyntax(const po::invalid_syntax& error, const Meanings& meanings,
                               std::string_view help) {
  const std::string typed = error.get_option_name();
  const auto found = meanings.find(WithoutDashes(typed));
  if (found == meanings.end()) {
    Refuse(typed, "is not understood; " + std::string(help) + " lists the flags");
  }
  const Flag& flag = *found->second.flag;
  if (flag.TakesValue()) RefuseMissingValue(typed, flag);
  Refuse(typed, flag.kind == Flag::Kind::kSwitch
                    ? "takes no value; use --" + flag.name + " or --no-" + flag.name
                    : "takes no value; use it alone");
}

std::vector<po::option> Split(std::span<const char* const> arguments, const Meanings& meanings,
                              std::string_view help) {
  po::options_description description;
  for (const auto& [name, meaning] : meanings) {
    if (meaning.flag->TakesValue()) {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    } else {
      description.add_options()(name.c_str(), "");
    }
  }
  try {
    return po::command_line_parser(std::vector<std::string>(arguments.begin(), arguments.end()))
        .options(description)
        .style(kStyle)
        .allow_unregistered()  // to say more than Boost about an unknown flag
        .run()
        .options;
  } catch (const po::invalid_syntax& error) {
    RefuseSyntax(error, meanings, help);
  }
}

void RefuseRepeated(const std::vector<GivenFlag>& before, const GivenFlag& now) {
  if (now.flag->IsRepeatable()) return;
  const auto same = std::find_if(before.begin(), before.end(),
                                 [&](const GivenFlag& other) { return other.flag == now.flag; });
  if (same == before.end()) return;
  if (same->typed == now.typed) Refuse(now.typed, "given twice; give it once");
  Refuse(now.typed, "contradicts " + same->typed + "; give one of the two");
}

}  // namespace

GivenWords ParseFlags(std::span<const char* const> arguments, const std::vector<Flag>& table,
                      std::string_view help) {
  const Meanings meanings = MeaningsOf(table);
  GivenWords all;
  for (const po::option& option : Split(arguments, meanings, help)) {
    const std::string& token = option.original_tokens.front();
    if (option.position_key >= 0) {
      if (token.starts_with('-') && token != "-") RefuseUnknown(token, {}, help);
      all.arguments.push_back(token);
      continue;
    }
    const std::string typed = token.substr(0, token.find('='));
    const auto found = meanings.find(option.string_key);
    if (option.unregistered || found == meanings.end()) RefuseUnknown(typed, meanings, help);
    const auto& [flag, meant] = found->second;
    GivenFlag given{flag, typed, std::string(meant)};
    if (flag->TakesValue()) {
      given.value = option.value.front();
      // Boost takes the next flag for the value of one whose value was forgotten.
      const bool next = option.original_tokens.size() > 1;
      if (next && given.value.starts_with("--")) RefuseMissingValue(typed, *flag);
    }
    RefuseRepeated(all.flags, given);
    all.flags.push_back(std::move(given));
  }
  return all;
}

void ApplyFlags(const std::vector<GivenFlag>& all, Options& options) {
  for (const GivenFlag& given : all) {
    // The first of a list replaces what the file or the default says.
    const bool first = std::none_of(
        all.data(), &given, [&](const GivenFlag& other) { return other.flag == given.flag; });
    if (first && given.flag->clear) given.flag->clear(options);
    try {
      given.flag->set(given.value, options);
    } catch (const UsageError& error) {
      Refuse(given.typed, error.what());
    }
  }
}

}  // namespace memleak
