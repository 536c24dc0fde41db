#include "exporter/model/group_name.h"

#include <algorithm>
#include <span>

#include "exporter/model/label_text.h"
#include "exporter/model/runtime_script.h"

namespace memleak {
namespace {

constexpr size_t kMaxGroupNameBytes = 128;
constexpr size_t kRuleCmdlineBytes = 4096;

// What the rules are matched against: the executable's path, a space, and the beginning of the
// command line with its NULs as spaces.
std::string RuleSubject(const GroupNameInput& input) {
  std::string subject(input.exe);
  subject += ' ';
  std::string_view cmdline = input.cmdline.substr(0, kRuleCmdlineBytes);
  if (cmdline.ends_with('\0')) cmdline.remove_suffix(1);
  const size_t start = subject.size();
  subject += cmdline;
  std::replace(subject.begin() + static_cast<ptrdiff_t>(start), subject.end(), '\0', ' ');
  return subject;
}

}  // namespace

std::string GroupNameFrom(std::string_view text) {
  // The names in parentheses are ours: a program that is called so must not pass for them.
  if (text == kKernelGroup || text == kOtherGroup) text = text.substr(1, text.size() - 2);
  if (text.empty()) return "unknown";
  return ValidUtf8(text, kMaxGroupNameBytes);
}

NamedGroup NameGroup(const GroupNameInput& input, const GroupRules& rules) {
  const std::vector<std::string_view> arguments =
      SplitArguments(input.cmdline, input.cmdline_truncated);
  const std::string_view executable = Basename(input.exe);
  // argv[0] is only believed where the kernel does not tell the executable.
  const std::string_view argv0 = arguments.empty() ? "" : Basename(arguments[0]);

  NamedGroup named;
  named.runtime = RuntimeOf(executable.empty() ? argv0 : executable);
  if (!rules.empty()) {
    if (const std::string ruled = rules.Match(RuleSubject(input)); !ruled.empty()) {
      named.group = GroupNameFrom(ruled);
      named.by_rule = true;
      return named;
    }
  }
  if (!named.runtime.empty()) {
    if (const std::string script = RuntimeScript(named.runtime, arguments); !script.empty()) {
      named.group = GroupNameFrom(std::string(named.runtime) + ":" + script);
      return named;
    }
  }
  if (!executable.empty()) {
    named.group = GroupNameFrom(executable);
  } else if (IsSafeName(argv0)) {
    named.group = GroupNameFrom(argv0);
  } else {
    named.group = GroupNameFrom(input.comm);
  }
  return named;
}

}  // namespace memleak
