#include "exporter/web/api/json.h"

#include <cmath>
#include <utility>
#include <variant>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

// Milliseconds and bytes, or nine digits of a small rate: what is beyond is noise, and long.
double Rounded(double value) {
  const double unit = std::abs(value) >= 1 ? 1e3 : 1e9;
  return std::round(value * unit) / unit;
}

}  // namespace

void Put(Json& object, std::string_view name, Json value) {
  // operator[] would compare with every name that is there.
  object.get_ref<Json::object_t&>().emplace_back(std::string(name), std::move(value));
}

void PutValue(Json& object, std::string_view name, const FieldValue& value) {
  struct Visitor {
    Json& object;
    std::string_view name;

    void operator()(std::monostate) const {}
    void operator()(bool known) const { Put(object, name, known); }
    void operator()(uint64_t known) const { Put(object, name, known); }
    void operator()(double known) const {
      if (std::isfinite(known)) Put(object, name, Rounded(known));
    }
    void operator()(std::string_view known) const {
      if (!known.empty()) Put(object, name, ShownText(known));
    }
    void operator()(const std::string& known) const { (*this)(std::string_view{known}); }
  };
  std::visit(Visitor{object, name}, value);
}

std::string ShownText(std::string_view text) { return ValidUtf8(text); }

Json PointJson(double time, double value) {
  constexpr double kTenths = 10;
  return Json::array({std::round(time * kTenths) / kTenths, std::llround(value)});
}

std::string Dump(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace memleak
