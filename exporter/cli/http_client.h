// An HTTP client: libcurl, which http_client.cc alone includes.
//
// The library is loaded when the first client is made: a daemon that never asks anything shall not
// hold it, and the dozen libraries behind it, in memory. One thread. Certificates are checked
// against the system's authorities. Redirects are followed within the scheme.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

#include "exporter/cli/http_url.h"

namespace memleak {

// No answer, and why; names no URL.
struct HttpError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The answer is larger than was asked for.
struct HttpTooLarge : HttpError {
  using HttpError::HttpError;
};

struct HttpAnswer {
  long status = 0;
  std::string body;
};

class HttpClient {
 public:
  // `timeout`: how long the server may send nothing, or next to nothing. Throws HttpError where the
  // library is missing.
  HttpClient(HttpUrl url, std::chrono::milliseconds timeout, size_t max_body_bytes);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `path` comes after the URL's own; `parameters` are `name=value&...`, encoded, and go into the
  // body where they are too long for a URL. Throws HttpError.
  HttpAnswer Ask(const std::string& path, const std::string& parameters);

 private:
  struct Curl;

  HttpUrl url_;
  std::chrono::milliseconds timeout_;
  size_t max_body_bytes_;
  std::unique_ptr<Curl> curl_;
};

}  // namespace memleak
