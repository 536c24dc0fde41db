#include "exporter/config/command_flag.h"

#include <utility>

#include "exporter/config/errors.h"
#include "exporter/config/values.h"

namespace memleak {

Flag CommandFlag(std::string_view section, std::string name, std::string value_name,
                 std::string default_value, std::string help,
                 std::function<void(std::string_view)> set) {
  Flag flag;
  flag.section = section;
  flag.kind = value_name.empty() ? Flag::Kind::kMark : Flag::Kind::kValue;
  flag.name = std::move(name);
  flag.value_name = std::move(value_name);
  flag.default_value = std::move(default_value);
  flag.help = std::move(help);
  flag.set = [set = std::move(set)](std::string_view value, Options&) { set(value); };
  return flag;
}

Flag CommandChoice(std::string_view section, std::string name, std::string value_name,
                   std::string default_value, std::string help,
                   std::vector<std::string_view> choices, std::function<void(size_t)> set) {
  Flag flag = CommandFlag(section, std::move(name), std::move(value_name), std::move(default_value),
                          std::move(help), [choices, set = std::move(set)](std::string_view value) {
                            set(ParseChoice(value, choices));
                          });
  flag.choices = std::move(choices);
  return flag;
}

std::string ParseServerUrl(std::string_view text, std::string_view example) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    throw UsageError("is not a URL; use one like " + std::string(example));
  }
  return std::string(text);
}

}  // namespace memleak
