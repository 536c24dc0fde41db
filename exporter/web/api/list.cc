#include "exporter/web/api/list.h"

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

// Calls `look` with a value's text, if it has one.
template <typename Look>
bool WithText(const FieldValue& value, Look&& look) {
  if (const auto* view = std::get_if<std::string_view>(&value)) return look(*view);
  if (const auto* text = std::get_if<std::string>(&value)) return look(std::string_view{*text});
  if (const auto* number = std::get_if<uint64_t>(&value)) {
    return look(std::string_view{std::to_string(*number)});
  }
  return false;
}

}  // namespace

bool LessValue(const FieldValue& a, const FieldValue& b) {
  // Within a field text may be a view or not.
  const auto text = [](const FieldValue& value) -> std::optional<std::string_view> {
    if (const auto* view = std::get_if<std::string_view>(&value)) return *view;
    if (const auto* owned = std::get_if<std::string>(&value)) return *owned;
    return std::nullopt;
  };
  const auto text_a = text(a);
  const auto text_b = text(b);
  if (text_a && text_b) return *text_a < *text_b;
  return a < b;
}

bool Holds(const FieldValue& value, std::string_view search) {
  return WithText(value, [&](std::string_view text) { return ContainsInAnyCase(text, search); });
}

bool IsOneOf(const FieldValue& value, const std::vector<std::string>& shown) {
  return WithText(value, [&](std::string_view text) {
    return std::find(shown.begin(), shown.end(), ValidUtf8(text)) != shown.end();
  });
}

}  // namespace memleak
