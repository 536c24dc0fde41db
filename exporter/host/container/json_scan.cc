#include "exporter/host/container/json_scan.h"

#include <nlohmann/json.hpp>

namespace memleak {
namespace {

class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Handler(JsonVisitor& visitor) : visitor_(visitor) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (depth_ <= JsonVisitor::kMaxDepth) visitor_.OnString(path_, value);
    return true;
  }

  bool start_object(size_t) override { return Enter(); }
  bool key(string_t& key) override {
    if (depth_ <= JsonVisitor::kMaxDepth) path_.back() = key;
    return true;
  }
  bool end_object() override {
    Leave();
    if (depth_ <= JsonVisitor::kMaxDepth) visitor_.OnObjectEnd(path_);
    return true;
  }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override {
    Leave();
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool Enter() {
    if (++depth_ <= JsonVisitor::kMaxDepth) path_.emplace_back();
    return true;
  }
  void Leave() {
    if (depth_-- <= JsonVisitor::kMaxDepth) path_.pop_back();
  }

  JsonVisitor& visitor_;
  JsonPath path_;  // of the first kMaxDepth levels
  size_t depth_ = 0;
};

}  // namespace

bool ScanJson(std::string_view text, JsonVisitor& visitor) {
  Handler handler(visitor);
  return nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
}

}  // namespace memleak
