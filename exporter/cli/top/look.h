// One look at everything that `top` shows at once: what is asked for, and what was answered.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "exporter/cli/top/documents.h"
#include "exporter/cli/top/fetch.h"
#include "exporter/cli/top/listing.h"

namespace memleak {

// One process, group or container.
struct Subject {
  View view = View::kProcesses;
  std::string name;  // pid, group or cgroup, as the API takes it

  bool operator==(const Subject&) const = default;
};

struct Wish {
  Listing listing;
  size_t offset = 0;
  size_t limit = 100;
  std::optional<Subject> subject;  // whose details are shown

  bool operator==(const Wish&) const = default;
};

struct Look {
  Wish wish;
  NodeDocument node;
  std::vector<Row> suspects;  // the first to be at its limit first
  RowList list;
  std::optional<Details> details;  // absent where the subject is gone, too
  std::string error;               // why the rest is empty; one harmless line
};

// Throws std::exception with one line where there is no answer, or none that can be shown.
Look LookAt(const Fetch& fetch, const Wish& wish);

// What `top --json` prints. Throws as LookAt.
std::string ScriptLook(const Fetch& fetch, const Listing& listing, size_t limit);

}  // namespace memleak
