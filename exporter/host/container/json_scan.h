// The strings of a JSON document, one by one and without a tree of it: a file may be large or
// hostile, and memory stays bounded by its longest string. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

// Where a value stands: the keys of the objects around it, from the outermost; an element of an
// array has "".
using JsonPath = std::vector<std::string>;

class JsonVisitor {
 public:
  // Strings that lie deeper are not of interest.
  static constexpr size_t kMaxDepth = 4;

  virtual ~JsonVisitor() = default;
  virtual void OnString(const JsonPath& path, std::string_view value) = 0;
  // The object at `path` has ended.
  virtual void OnObjectEnd(const JsonPath& path) = 0;
};

// False when `text` is not JSON in UTF-8; `visitor` may have seen a part of it then.
bool ScanJson(std::string_view text, JsonVisitor& visitor);

}  // namespace memleak
