#include "exporter/config/config_file.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr size_t kMaxDepth = 8;  // twice what any key needs; yaml-cpp recurses as deep as it reads

// One value of the file. yaml-cpp's own tree is not used: they expand aliases and keep only the
// last of duplicate keys.
struct Entry {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  int line = 1;
  std::string text;
  std::vector<Entry> items;  // of a map: key, value, key, value
};

// Where a message points to.
class Source {
 public:
  explicit Source(std::string_view name) : name_(Printable(name)) {}

  [[noreturn]] void Fail(int line, const std::string& message) const {
    throw UsageError(name_ + ':' + std::to_string(line) + ": " + message);
  }

 private:
  std::string name_;
};

// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Source& source) : source_(source) {}

  Entry TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      source_.Fail(Line(mark), "a second YAML document begins; put everything into the first");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Add({Entry::Kind::kNothing, Line(mark), {}, {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    source_.Fail(Line(mark), "YAML aliases (*name) are not accepted; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    RefuseTag(mark, tag);
    Add({Entry::Kind::kText, Line(mark), value, {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(Entry::Kind::kList, mark);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(Entry::Kind::kMap, mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  static int Line(const YAML::Mark& mark) { return mark.line + 1; }

  // "?" and "!" stand for a plain and a quoted value without a tag.
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    source_.Fail(Line(mark),
                 "the YAML tag " + Quoted(tag) + " is not accepted; write the value without it");
  }

  void Open(Entry::Kind kind, const YAML::Mark& mark) {
    if (open_.size() >= kMaxDepth) source_.Fail(Line(mark), "nested too deeply for any flag");
    open_.push_back({kind, Line(mark), {}, {}});
  }

  void Close() {
    Entry entry = std::move(open_.back());
    open_.pop_back();
    Add(std::move(entry));
  }

  void Add(Entry entry) {
    if (open_.empty()) {
      root_ = std::move(entry);
      return;
    }
    std::vector<Entry>& items = open_.back().items;
    const bool is_value = open_.back().kind == Entry::Kind::kMap && items.size() % 2 == 1;
    // That a value is missing is seen at whatever follows, but belongs to its key.
    if (is_value && entry.kind == Entry::Kind::kNothing) entry.line = items.back().line;
    items.push_back(std::move(entry));
  }

  const Source& source_;
  int documents_ = 0;
  Entry root_;
  std::vector<Entry> open_;  // from the root inwards
};

// Whether the line is indented with a tab, which YAML forbids and yaml-cpp reports as anything.
bool HasTabIndent(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find_first_not_of(" \t"));
  return text.find('\t') != std::string_view::npos;
}

Entry Parse(const Source& source, std::string_view text) {
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(source);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    if (HasTabIndent(text, line)) source.Fail(line, "indented with a tab; use spaces");
    source.Fail(line, "not YAML: " + Printable(error.msg) +
                          "; use names and values like web: {max-requests: 40}");
  }
  return builder.TakeRoot();
}

// Walks the tree along the flags' names and sets what it finds.
class Applier {
 public:
  Applier(const Source& source, std::span<const Flag> flags, Options& options)
      : source_(source), flags_(flags), options_(options) {}

  // `prefix` is empty or the path of `section` with a dot at its end.
  void ApplySection(const Entry& section, const std::string& prefix) {
    if (section.kind == Entry::Kind::kNothing) return;  // everything in it is commented out
    if (section.kind != Entry::Kind::kMap) {
      const std::string where = prefix.empty() ? "the file" : prefix.substr(0, prefix.size() - 1);
      source_.Fail(section.line, where + " needs names and values; accepted: " + Accepted(prefix));
    }
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < section.items.size(); i += 2) {
      const Entry& value = section.items[i + 1];
      const std::string name = Key(section.items[i], seen, Accepted(prefix));
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
  // The text of a map's key; fails where it is no text or was there before.
  std::string Key(const Entry& key, std::set<std::string>& seen,
                  const std::string& accepted) const {
    if (key.kind != Entry::Kind::kText) {
      source_.Fail(key.line, "a key must be a name; accepted here: " + accepted);
    }
    if (!seen.insert(key.text).second) {
      source_.Fail(key.line, "the key " + Quoted(key.text) + " is given twice; give it once");
    }
    return key.text;
  }

  void ApplyFlag(const Flag& flag, const Entry& key, const Entry& value) {
    if (!flag.IsRepeatable()) return Set(flag, value, Text(flag.file_key, value));
    flag.clear(options_);
    if (value.kind != Entry::Kind::kList) return ApplyElement(flag, value);
    if (value.items.empty() && !flag.default_value.empty()) {
      source_.Fail(key.line,
                   flag.file_key + " is an empty list; give it at least one " + flag.value_name);
    }
    for (const Entry& element : value.items) ApplyElement(flag, element);
  }

  void ApplyElement(const Flag& flag, const Entry& element) {
    Set(flag, element,
        flag.kind == Flag::Kind::kRules ? RuleText(flag.file_key, element)
                                        : Text(flag.file_key, element));
  }

  std::string Text(const std::string& key, const Entry& value) const {
    if (value.kind == Entry::Kind::kText) return value.text;
    if (value.kind == Entry::Kind::kNothing) {
      source_.Fail(value.line, key + " has no value; give it one, or leave the key out");
    }
    const std::string found = value.kind == Entry::Kind::kList ? "a list" : "names";
    source_.Fail(value.line, key + " has " + found + " where one plain value is accepted");
  }

  // A map of name and match, as the command line would say it.
  std::string RuleText(const std::string& key, const Entry& rule) const {
    constexpr std::string_view kAccepted = "{name: NAME, match: REGEX}";
    if (rule.kind != Entry::Kind::kMap) {
      source_.Fail(rule.line, key + " needs rules like " + std::string(kAccepted));
    }
    std::string name;
    std::string match;
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < rule.items.size(); i += 2) {
      const std::string part = Key(rule.items[i], seen, "name, match");
      if (part != "name" && part != "match") {
        source_.Fail(rule.items[i].line,
                     "unknown key " + Quoted(part) + " in " + key + "; accepted here: name, match");
      }
      (part == "name" ? name : match) =
          Text(std::string(key).append(": ").append(part), rule.items[i + 1]);
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

  void Set(const Flag& flag, const Entry& value, const std::string& text) {
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

  const Source& source_;
  std::span<const Flag> flags_;
  Options& options_;
};

[[noreturn]] void FailToRead(const std::string& path, int error) {
  throw StartupError("--config.file: cannot read " + Quoted(path) + ": " +
                     std::generic_category().message(error));
}

// At most one byte more than is accepted, so that a device cannot fill the memory.
std::string ReadText(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (file == nullptr) FailToRead(path, errno);
  std::string text(kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) FailToRead(path, errno);
  return text;
}

}  // namespace

void ApplyConfigText(std::string_view name, std::string_view text, std::span<const Flag> flags,
                     Options& options) {
  const Source source(name);
  if (text.size() > kMaxBytes) source.Fail(1, "the file is too large; use at most 1 MiB");
  Applier(source, flags, options).ApplySection(Parse(source, text), "");
}

void ApplyConfigFile(const std::string& path, std::span<const Flag> flags, Options& options) {
  ApplyConfigText(path, ReadText(path), flags, options);
}

}  // namespace memleak
