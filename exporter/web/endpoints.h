// What the server answers: from a request's parts to a response's parts, without a socket in sight.
//
// Endpoints: the telemetry path, "/-/healthy", "/-/ready", and unless the UI is off the page ("/",
// "/assets/...") and the JSON API ("/api/v1/..."); anything else is 404, any method but GET and
// HEAD 405 (civetweb answers TRACE itself: 400). A --web.health-address has the two of health
// alone. Any thread. Throws what the scraper throws.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/config/options.h"
#include "exporter/web/api/api.h"

namespace memleak {

class PageFiles;
class Scraper;

// Views into the received request; header values are empty when absent, and several headers of one
// name are joined by commas.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // decoded
  std::string_view query;  // not decoded
  std::string_view accept;
  std::string_view accept_encoding;
  std::string_view if_none_match;
  bool health_only = false;  // came by an address that serves nothing else
};

// One of the places among the requests in flight; given back when destroyed.
struct GiveBack {
  void operator()(std::atomic<int>* taken) const { taken->fetch_sub(1); }
};
using RequestSlot = std::unique_ptr<std::atomic<int>, GiveBack>;

struct HttpResponse {
  int status = 200;
  std::string content_type;
  std::string headers;  // further ones, each with its CRLF
  std::string body;
  RequestSlot slot;  // held until the body is sent: it bounds the memory that bodies take
};

// A response of one text line.
HttpResponse TextResponse(int status, std::string_view line);

class Endpoints {
 public:
  // `scraper` must outlive the endpoints.
  Endpoints(Options::Web options, Scraper& scraper);
  ~Endpoints();

  HttpResponse Answer(const HttpRequest& request);

 private:
  HttpResponse Metrics(const HttpRequest& request);
  HttpResponse ApiDocument(const HttpRequest& request);
  HttpResponse Healthy() const;
  HttpResponse Ready() const;
  // Empty when `max_requests` are in flight.
  RequestSlot TakeSlot();

  const Options::Web options_;
  Scraper& scraper_;
  Api api_;
  std::unique_ptr<PageFiles> page_files_;
  std::atomic<int> in_flight_{0};
};

}  // namespace memleak
