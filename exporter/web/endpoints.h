// What the server answers: from a request's parts to a response's parts, without a socket in sight.
//
// Endpoints: the telemetry path, "/" (unless the UI is off), "/-/healthy", "/-/ready"; anything
// else is 404, any method but GET and HEAD 405 (civetweb answers TRACE itself: 400). Any thread.
// Throws what the scraper throws.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/config/options.h"

namespace memleak {

class Scraper;

// Views into the received request; header values are empty when absent, and several headers of one
// name are joined by commas.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // decoded
  std::string_view query;  // not decoded
  std::string_view accept;
  std::string_view accept_encoding;
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

  HttpResponse Answer(const HttpRequest& request);

 private:
  HttpResponse Metrics(const HttpRequest& request);
  HttpResponse Page();
  HttpResponse Healthy() const;
  HttpResponse Ready() const;
  // Empty when `max_requests` are in flight.
  RequestSlot TakeSlot();

  const Options::Web options_;
  Scraper& scraper_;
  std::atomic<int> in_flight_{0};
};

}  // namespace memleak
