// JSON documents, and how what is known gets into them: what is unknown is left out, and text from
// the host is made valid UTF-8 of bounded length, as in labels.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/web/api/field.h"

namespace memleak {

// Objects keep the order in which they are filled.
using Json = nlohmann::ordered_json;

// Adds a member to an object that has none of this name: nobody looks whether it has.
void Put(Json& object, std::string_view name, Json value);
// Where it is known: a number that is finite, text that is not empty.
void PutValue(Json& object, std::string_view name, const FieldValue& value);

// For maps of names that are not known beforehand, e.g. of kinds.
template <typename Value>
void PutIfKnown(Json& object, std::string_view name, const std::optional<Value>& value) {
  if (value) PutValue(object, name, FieldValue(*value));
}

// Text from the host as it is shown.
std::string ShownText(std::string_view text);

// A point of a plot: [time, value], the time to a tenth of a second, the value whole.
Json PointJson(double time, double value);

// As it is sent. Never throws for its content.
std::string Dump(const Json& document);

}  // namespace memleak
