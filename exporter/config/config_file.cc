#include "exporter/config/config_file.h"

#include <algorithm>
#include <set>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/config/text_file.h"
#include "exporter/config/yaml_tree.h"

namespace memleak {
namespace {

constexpr std::string_view kExample = "web: {max-requests: 40}";

// Walks the tree along the flags' names and sets what it finds.
class Applier {
 public:
  Applier(const YamlSource& source, std::span<const Flag> flags, Options& options)
      : source_(source), flags_(flags), options_(options) {}

  // `prefix` is empty or the path of `section` with a dot at its end.
  void ApplySection(const YamlEntry& section, const std::string& prefix) {
    if (section.kind == YamlEntry::Kind::kNothing) return;  // everything in it is commented out
    if (section.kind != YamlEntry::Kind::kMap) {
      const std::string where = prefix.empty() ? "the file" : prefix.substr(0, prefix.size() - 1);
      source_.Fail(section.line, where + " needs names and values; accepted: " + Accepted(prefix));
    }
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < section.items.size(); i += 2) {
      const YamlEntry& value = section.items[i + 1];
      const std::string name = source_.Key(section.items[i], seen, Accepted(prefix));
      const std::string key = prefix + name;
      const bool nested = name.find('.') == std::string::npos;  // `web.ui: false` is not
      const Flag* flag = nested ? Find(key) : nullptr;
      if (flag != nullptr) {
        ApplyFlag(*flag, section.items[i], value);
      } else if (nested && IsSection(key + '.')) {
        ApplySection(value, key + '.');
      } else {
        source_.Fail(section.items[i].line,
                     "unknown key " + Quoted(key) + "; accepted here: " + Accepted(prefix));
      }
    }
  }

 private:
  void ApplyFlag(const Flag& flag, const YamlEntry& key, const YamlEntry& value) {
    if (!flag.IsRepeatable()) return Set(flag, value, source_.Text(flag.file_key, value));
    flag.clear(options_);
    if (value.kind != YamlEntry::Kind::kList) return ApplyElement(flag, value);
    if (value.items.empty() && !flag.default_value.empty()) {
      source_.Fail(key.line,
                   flag.file_key + " is an empty list; give it at least one " + flag.value_name);
    }
    for (const YamlEntry& element : value.items) ApplyElement(flag, element);
  }

  void ApplyElement(const Flag& flag, const YamlEntry& element) {
    Set(flag, element,
        flag.kind == Flag::Kind::kRules ? RuleText(flag.file_key, element)
                                        : source_.Text(flag.file_key, element));
  }

  // A map of name and match, as the command line would say it.
  std::string RuleText(const std::string& key, const YamlEntry& rule) const {
    constexpr std::string_view kAccepted = "{name: NAME, match: REGEX}";
    if (rule.kind != YamlEntry::Kind::kMap) {
      source_.Fail(rule.line, key + " needs rules like " + std::string(kAccepted));
    }
    std::string name;
    std::string match;
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < rule.items.size(); i += 2) {
      const std::string part = source_.Key(rule.items[i], seen, "name, match");
      if (part != "name" && part != "match") {
        source_.Fail(rule.items[i].line,
                     "unknown key " + Quoted(part) + " in " + key + "; accepted here: name, match");
      }
      (part == "name" ? name : match) =
          source_.Text(std::string(key).append(": ").append(part), rule.items[i + 1]);
    }
    if (name.empty() || match.empty()) {
      source_.Fail(rule.line, key + " has a rule without name or match; write it as " +
                                  std::string(kAccepted));
    }
    if (name.find('=') != std::string::npos) {
      source_.Fail(rule.line, key + ": the name " + Quoted(name) + " holds =; use one without it");
    }
    return name + '=' + match;
  }

  void Set(const Flag& flag, const YamlEntry& value, const std::string& text) {
    try {
      flag.set(text, options_);
    } catch (const UsageError& error) {
      source_.Fail(value.line, flag.file_key + ": " + error.what());
    }
  }

  const Flag* Find(std::string_view key) const {
    const auto found = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& flag) {
      return !flag.file_key.empty() && flag.file_key == key;
    });
    return found == flags_.end() ? nullptr : &*found;
  }

  bool IsSection(std::string_view prefix) const {
    return std::any_of(flags_.begin(), flags_.end(),
                       [&](const Flag& flag) { return flag.file_key.starts_with(prefix); });
  }

  // What can follow `prefix`, in alphabetical order.
  std::string Accepted(std::string_view prefix) const {
    std::set<std::string_view> names;
    for (const Flag& flag : flags_) {
      const std::string_view key = flag.file_key;
      if (key.empty() || !key.starts_with(prefix)) continue;
      const std::string_view rest = key.substr(prefix.size());
      names.insert(rest.substr(0, rest.find('.')));
    }
    std::string text;
    for (const std::string_view name : names) {
      if (!text.empty()) text += ", ";
      text += name;
    }
    return text;
  }

  const YamlSource& source_;
  std::span<const Flag> flags_;
  Options& options_;
};

}  // namespace

void ApplyConfigText(std::string_view name, std::string_view text, std::span<const Flag> flags,
                     Options& options) {
  const YamlSource source(name);
  Applier(source, flags, options).ApplySection(ParseYaml(source, text, kExample), "");
}

void ApplyConfigFile(const std::string& path, std::span<const Flag> flags, Options& options) {
  ApplyConfigText(path, ReadTextFile("--config.file", path), flags, options);
}

}  // namespace memleak
