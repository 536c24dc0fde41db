#include "exporter/host/container/container_storage.h"

#include <string>

#include "exporter/host/container/json_scan.h"

namespace memleak {
namespace {

using Visit = std::function<void(std::string_view, std::string_view)>;

class ListVisitor : public JsonVisitor {
 public:
  explicit ListVisitor(const Visit& visit) : visit_(visit) {}

  void OnString(const JsonPath& path, std::string_view value) override {
    if (path.size() == 2 && path[1] == "id") {
      id_ = value;
    } else if (path.size() == 3 && path[1] == "names" && name_.empty()) {
      name_ = value;
    }
  }
  void OnObjectEnd(const JsonPath& path) override {
    if (path.size() != 1) return;
    visit_(id_, name_);
    id_.clear();
    name_.clear();
  }

 private:
  const Visit& visit_;
  std::string id_;
  std::string name_;
};

}  // namespace

bool ForEachStoredContainer(std::string_view text, const Visit& visit) {
  ListVisitor visitor(visit);
  return ScanJson(text, visitor);
}

}  // namespace memleak
