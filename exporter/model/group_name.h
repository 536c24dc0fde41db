// Which group a process belongs to, by name: what users look for (`java:service.jar`,
// `python:worker.py`, `nginx`), not what the kernel truncates.
//
// Pure but for the compiled rules. Precedence: `--group.rule`s in their order; main class, script
// or module of a runtime; the executable's basename; the basename of argv[0]; comm.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

// Names with a meaning of their own; no process can claim them.
inline constexpr std::string_view kKernelGroup = "(kernel)";
inline constexpr std::string_view kOtherGroup = "(other)";

// The compiled `--group.rule`s. RE2 matches in linear time; group_rules.cc alone includes it. Any
// thread, const.
class GroupRules {
 public:
  struct Rule {
    std::string name;
    std::string regex;
  };

  GroupRules();
  // Throws std::invalid_argument with what is wrong with a rule, in one line.
  explicit GroupRules(const std::vector<Rule>& rules);
  ~GroupRules();

  // The name that the first matching rule gives to `subject`, or empty. A name that takes something
  // unsafe from the subject (see IsSafeName) is not used, and the next rule is tried.
  std::string Match(std::string_view subject) const;
  bool empty() const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

struct GroupNameInput {
  std::string_view exe;      // path, empty when unknown
  std::string_view cmdline;  // with NULs, empty when unknown
  bool cmdline_truncated = false;
  std::string_view comm;
};

struct NamedGroup {
  std::string group;         // never empty, valid UTF-8, at most 128 bytes
  std::string_view runtime;  // see RuntimeOf; empty for none
  bool by_rule = false;
};

NamedGroup NameGroup(const GroupNameInput& input, const GroupRules& rules);

// A group's name from text that is not an argument (comm, an executable's basename).
std::string GroupNameFrom(std::string_view text);

}  // namespace memleak
