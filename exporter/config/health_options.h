// What `memleak_exporter health` can be told, as plain data.
#pragma once

#include <string>

namespace memleak {

struct HealthOptions {
  std::string url = "http://127.0.0.1:10078";  // of the exporter, or of its --web.health-address

  bool operator==(const HealthOptions&) const = default;
};

}  // namespace memleak
