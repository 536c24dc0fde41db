// Command lines: arguments hold secrets, so whatever is taken from them is a safe name.
//
// Input: flags, executable's path and comm, a line each; the rest is the command line.
#include <algorithm>
#include <string>

#include "exporter/model/group_name.h"
#include "exporter/model/runtime_script.h"
#include "tests/fuzz/property.h"

namespace {

// What may be shown of an argument, told again here: the code under test must not judge itself.
bool IsHarmless(std::string_view name) {
  return name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_.$/:@-").find(c) != std::string_view::npos;
         });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  std::string_view text = InputText(data, size);
  const bool truncated = TakeField(text) == "truncated";
  const std::string_view exe = TakeField(text);
  const std::string_view comm = TakeField(text);
  const std::string_view cmdline = text;

  const auto arguments = SplitArguments(cmdline, truncated);
  size_t bytes = 0;
  for (const std::string_view argument : arguments) {
    Require(argument.find('\0') == std::string_view::npos, "an argument ends at its NUL");
    bytes += argument.size();
  }
  Require(bytes <= cmdline.size(), "arguments are parts of the command line");
  for (const std::string_view runtime : {"java", "python", "node", "ruby", "perl", "php"}) {
    const std::string script = RuntimeScript(runtime, arguments);
    Require(IsHarmless(script), "a script's name is safe");
    Require(cmdline.find(script) != std::string_view::npos, "a script's name was an argument");
  }

  static const GroupRules no_rules;
  const NamedGroup named = NameGroup({exe, cmdline, truncated, comm}, no_rules);
  Require(!named.group.empty() && named.group.size() <= 128, "a group's name is bounded");
  Require(IsUtf8(named.group), "a group's name is UTF-8");
  Require(named.group != kKernelGroup && named.group != kOtherGroup, "our names are ours");

  // With a harmless comm and no executable everything else comes from the arguments.
  const NamedGroup from_arguments = NameGroup({"", cmdline, truncated, "comm"}, no_rules);
  Require(IsHarmless(from_arguments.group), "what comes from arguments is safe");

  static const GroupRules rules({{"first \\1", "^(\\S*) "}, {"any:\\2", "(a+)+(.*)$"}});
  const NamedGroup ruled = NameGroup({exe, cmdline, truncated, comm}, rules);
  Require(!ruled.group.empty() && ruled.group.size() <= 128, "a ruled group's name is bounded");
  Require(IsUtf8(ruled.group), "a ruled group's name is UTF-8");
  return 0;
}
