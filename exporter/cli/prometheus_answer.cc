#include "exporter/cli/prometheus_answer.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "exporter/cli/number_text.h"

namespace memleak {
namespace {

using Json = nlohmann::json;

// {"status":..., "data":{"result":[{"metric":{NAME:VALUE}, "values":[[TIME,"NUMBER"],...]},...]}}
class Reader {
 public:
  Reader(PrometheusAnswer& answer, const PrometheusSeries& series)
      : answer_(answer), series_(series) {}

  // What nlohmann's parser calls; false would stop it.
  // NOLINTBEGIN(readability-identifier-naming, readability-convert-member-functions-to-static): its
  // interface
  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(Json::number_integer_t number) { return Number(static_cast<double>(number)); }
  bool number_unsigned(Json::number_unsigned_t number) {
    return Number(static_cast<double>(number));
  }
  bool number_float(Json::number_float_t number, const std::string&) { return Number(number); }
  bool binary(Json::binary_t&) { return true; }
  bool string(std::string& text) {
    switch (Inside()) {
      case Place::kTop:
        if (key_ == "status") status_ = text;
        if (key_ == "errorType") answer_.error_type = text;
        if (key_ == "error") answer_.error = text;
        break;
      case Place::kMetric:
        labels_[key_] = text;
        break;
      case Place::kPoint:
        if (!value_) value_ = ParseNumber(text);
        break;
      default:
        break;
    }
    return true;
  }
  bool key(std::string& name) {
    key_ = name;
    return true;
  }
  bool start_object(size_t) {
    Place place = Place::kOther;
    if (places_.empty()) place = Place::kTop;
    if (Inside() == Place::kTop && key_ == "data") place = Place::kData;
    if (Inside() == Place::kResult) place = Place::kSeries;
    if (Inside() == Place::kSeries && key_ == "metric") place = Place::kMetric;
    if (place == Place::kSeries) {
      labels_.clear();
      points_.clear();
    }
    places_.push_back(place);
    return true;
  }
  bool end_object() {
    if (Inside() == Place::kSeries) series_(Name(), points_);
    places_.pop_back();
    return true;
  }
  bool start_array(size_t) {
    Place place = Place::kOther;
    if (Inside() == Place::kData && key_ == "result") place = Place::kResult;
    if (Inside() == Place::kSeries && key_ == "values") place = Place::kValues;
    if (Inside() == Place::kValues) place = Place::kPoint;
    has_result_ = has_result_ || place == Place::kResult;
    if (place == Place::kPoint) time_ = value_ = std::nullopt;
    places_.push_back(place);
    return true;
  }
  bool end_array() {
    if (Inside() == Place::kPoint && time_ && value_ && std::isfinite(*time_) &&
        std::isfinite(*value_)) {
      points_.push_back({*time_, *value_});
    }
    places_.pop_back();
    return true;
  }
  bool parse_error(size_t, const std::string&, const Json::exception&) { return false; }
  // NOLINTEND(readability-identifier-naming, readability-convert-member-functions-to-static)

  void End() {
    answer_.success = status_ == "success" && has_result_;
    answer_.valid = answer_.success || status_ == "error";
  }

 private:
  enum class Place : uint8_t {
    kNone,
    kTop,
    kData,
    kResult,
    kSeries,
    kMetric,
    kValues,
    kPoint,
    kOther
  };

  Place Inside() const { return places_.empty() ? Place::kNone : places_.back(); }

  bool Number(double number) {
    if (Inside() == Place::kPoint && !time_) time_ = number;
    return true;
  }

  std::string Name() const {
    std::string name;
    std::string rest;
    for (const auto& [label, value] : labels_) {
      if (label == "__name__") {
        name = value;
        continue;
      }
      rest += rest.empty() ? '{' : ',';
      rest += label + "=\"";
      for (const char c : value) {
        if (c == '\\' || c == '"') rest += '\\';
        rest += c;
      }
      rest += '"';
    }
    return name + (rest.empty() && !name.empty() ? "" : rest.empty() ? "{}" : rest + '}');
  }

  PrometheusAnswer& answer_;
  const PrometheusSeries& series_;
  std::vector<Place> places_;
  std::string key_;
  std::string status_;
  bool has_result_ = false;
  std::map<std::string, std::string> labels_;
  std::vector<PrometheusPoint> points_;
  std::optional<double> time_;
  std::optional<double> value_;
};

}  // namespace

PrometheusAnswer ParsePrometheusAnswer(std::string_view body, const PrometheusSeries& series) {
  PrometheusAnswer answer;
  Reader reader(answer, series);
  if (Json::sax_parse(body.begin(), body.end(), &reader)) reader.End();
  return answer;
}

}  // namespace memleak
