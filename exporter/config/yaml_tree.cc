#include "exporter/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/config/text_file.h"

namespace memleak {
namespace {

constexpr size_t kMaxDepth = 8;  // twice what any key needs; yaml-cpp recurses as deep as it reads

// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlSource& source) : source_(source) {}

  YamlEntry TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      source_.Fail(Line(mark), "a second YAML document begins; put everything into the first");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Add({YamlEntry::Kind::kNothing, Line(mark), {}, {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    source_.Fail(Line(mark), "YAML aliases (*name) are not accepted; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    RefuseTag(mark, tag);
    Add({YamlEntry::Kind::kText, Line(mark), value, {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(YamlEntry::Kind::kList, mark);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(YamlEntry::Kind::kMap, mark);
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

  void Open(YamlEntry::Kind kind, const YAML::Mark& mark) {
    if (open_.size() >= kMaxDepth) source_.Fail(Line(mark), "nested too deeply for any flag");
    open_.push_back({kind, Line(mark), {}, {}});
  }

  void Close() {
    YamlEntry entry = std::move(open_.back());
    open_.pop_back();
    Add(std::move(entry));
  }

  void Add(YamlEntry entry) {
    if (open_.empty()) {
      root_ = std::move(entry);
      return;
    }
    std::vector<YamlEntry>& items = open_.back().items;
    const bool is_value = open_.back().kind == YamlEntry::Kind::kMap && items.size() % 2 == 1;
    // That a value is missing is seen at whatever follows, but belongs to its key.
    if (is_value && entry.kind == YamlEntry::Kind::kNothing) entry.line = items.back().line;
    items.push_back(std::move(entry));
  }

  const YamlSource& source_;
  int documents_ = 0;
  YamlEntry root_;
  std::vector<YamlEntry> open_;  // from the root inwards
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

}  // namespace

YamlSource::YamlSource(std::string_view name) : name_(Printable(name)) {}

void YamlSource::Fail(int line, const std::string& message) const {
  throw UsageError(name_ + ':' + std::to_string(line) + ": " + message);
}

std::string YamlSource::Key(const YamlEntry& key, std::set<std::string>& seen,
                            const std::string& accepted) const {
  if (key.kind != YamlEntry::Kind::kText) {
    Fail(key.line, "a key must be a name; accepted here: " + accepted);
  }
  if (!seen.insert(key.text).second) {
    Fail(key.line, "the key " + Quoted(key.text) + " is given twice; give it once");
  }
  return key.text;
}

std::string YamlSource::Text(const std::string& key, const YamlEntry& value) const {
  if (value.kind == YamlEntry::Kind::kText) return value.text;
  if (value.kind == YamlEntry::Kind::kNothing) {
    Fail(value.line, key + " has no value; give it one, or leave the key out");
  }
  const std::string found = value.kind == YamlEntry::Kind::kList ? "a list" : "names";
  Fail(value.line, key + " has " + found + " where one plain value is accepted");
}

YamlEntry ParseYaml(const YamlSource& source, std::string_view text, std::string_view example) {
  if (text.size() > kMaxTextFileBytes) source.Fail(1, "the file is too large; use at most 1 MiB");

  std::istringstream stream{std::string(text)};
  TreeBuilder builder(source);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    if (HasTabIndent(text, line)) source.Fail(line, "indented with a tab; use spaces");
    source.Fail(line, "not YAML: " + Printable(error.msg) + "; use names and values like " +
                          std::string(example));
  }
  return builder.TakeRoot();
}

}  // namespace memleak
