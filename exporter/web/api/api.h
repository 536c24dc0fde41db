// The JSON API, /api/v1/...: from a path and its query to a document. README.md beside this file
// says what is answered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace memleak {

class Scraper;
struct Snapshot;

struct ApiAnswer {
  int status = 200;  // 304: the client has it already, and the body is empty; 400, 404: an error
  std::string body;  // JSON
  std::string etag;  // as it is sent; empty for an error
};

class Api {
 public:
  static constexpr std::string_view kPrefix = "/api/v1/";

  // `scraper` must outlive it, and must be ready before the first answer.
  explicit Api(Scraper& scraper);

  // `path` begins with kPrefix and is decoded, `query` is not. `if_none_match` is the request's
  // header. Any thread; blocks for a second at most beside what a refresh takes. Throws what the
  // scraper throws.
  ApiAnswer Answer(std::string_view path, std::string_view query,
                   std::string_view if_none_match = {});

 private:
  template <typename Make>
  ApiAnswer Show(std::string_view if_none_match, Make&& make);
  ApiAnswer OneProcess(std::string_view pid_text, std::string_view if_none_match);
  std::string EtagOf(const Snapshot& snapshot) const;

  Scraper& scraper_;
  const double start_time_;  // seconds since 1970
};

// Whether an If-None-Match header (RFC 9110, section 13.1.2) names `etag`.
bool NamesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace memleak
