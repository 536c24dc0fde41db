// A YAML file as a tree of plain values, each with its line: what all of the program's own files
// are read through.
//
// yaml-cpp parses, yaml_tree.cc alone includes it. The text is hostile until proven otherwise: size
// and depth are bounded; anchors, tags and second documents are refused.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

// One value of the file. yaml-cpp's own tree is not used: they expand aliases and keep only the
// last of duplicate keys.
struct YamlEntry {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  int line = 1;
  std::string text;
  std::vector<YamlEntry> items;  // of a map: key, value, key, value
};

// Where messages about a file point to.
class YamlSource {
 public:
  explicit YamlSource(std::string_view name);

  // Throws UsageError: `NAME:LINE: MESSAGE`.
  [[noreturn]] void Fail(int line, const std::string& message) const;

  // The text of a map's key; fails where it is no text or was `seen` before. `accepted` says what
  // could stand there.
  std::string Key(const YamlEntry& key, std::set<std::string>& seen,
                  const std::string& accepted) const;

  // The text of a plain value; fails where there is none, a list or a map. `key` names it.
  std::string Text(const std::string& key, const YamlEntry& value) const;

 private:
  std::string name_;
};

// The root of `text`, which is refused beyond kMaxTextFileBytes. `example` is shown where it is no
// YAML. Throws UsageError.
YamlEntry ParseYaml(const YamlSource& source, std::string_view text, std::string_view example);

}  // namespace memleak
