#include <re2/re2.h>

#include <array>
#include <stdexcept>

#include "exporter/model/group_name.h"
#include "exporter/model/runtime_script.h"

namespace memleak {
namespace {

struct CompiledRule {
  std::string name;
  std::unique_ptr<re2::RE2> regex;
};

constexpr int kMaxCaptures = 9;  // \1 to \9

// Fills the captures into a rule's name. False when one of them is unsafe to show.
bool FillName(const std::string& name, const std::array<re2::StringPiece, kMaxCaptures + 1>& found,
              std::string& filled) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\' || i + 1 == name.size()) {
      filled += name[i];
      continue;
    }
    const char what = name[++i];
    if (what < '0' || what > '9') {
      filled += what;
      continue;
    }
    const auto& capture = found[static_cast<size_t>(what - '0')];
    const std::string_view text(capture.data(), capture.size());
    if (!text.empty() && !IsSafeName(text)) return false;
    filled += text;
  }
  return !filled.empty();
}

}  // namespace

struct GroupRules::Compiled {
  std::vector<CompiledRule> rules;
};

GroupRules::GroupRules() : compiled_(std::make_unique<Compiled>()) {}

GroupRules::GroupRules(const std::vector<Rule>& rules) : GroupRules() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  for (const Rule& rule : rules) {
    auto regex = std::make_unique<re2::RE2>(rule.regex, options);
    if (!regex->ok()) {
      throw std::invalid_argument("bad regex \"" + rule.regex + "\": " + regex->error());
    }
    std::string error;
    if (!regex->CheckRewriteString(rule.name, &error)) {
      throw std::invalid_argument("bad name \"" + rule.name + "\": " + error);
    }
    compiled_->rules.push_back({rule.name, std::move(regex)});
  }
}

GroupRules::~GroupRules() = default;

bool GroupRules::empty() const { return compiled_->rules.empty(); }

std::string GroupRules::Match(std::string_view subject) const {
  std::array<re2::StringPiece, kMaxCaptures + 1> found;
  for (const CompiledRule& rule : compiled_->rules) {
    const re2::StringPiece text(subject.data(), subject.size());
    const int captures = rule.regex->MaxSubmatch(rule.name) + 1;
    found.fill({});
    if (!rule.regex->Match(text, 0, text.size(), re2::RE2::UNANCHORED, found.data(), captures)) {
      continue;
    }
    std::string name;
    if (FillName(rule.name, found, name)) return name;
  }
  return {};
}

}  // namespace memleak
