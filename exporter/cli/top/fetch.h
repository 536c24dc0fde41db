// Where `top` gets the documents of the JSON API from: an exporter over HTTP, or this program
// itself, which main.cc wires.
#pragma once

#include <functional>
#include <string>

namespace memleak {

struct FetchAnswer {
  long status = 0;  // of HTTP
  std::string body;
};

// `path` and `query` as exporter/web/api/README.md has them ("/api/v1/node"); the query is encoded,
// without its question mark. Throws std::exception, with one line that can be shown, where there is
// no answer. One thread at a time.
using Fetch = std::function<FetchAnswer(const std::string& path, const std::string& query)>;

}  // namespace memleak
