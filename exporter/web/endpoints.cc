#include "exporter/web/endpoints.h"

#include <utility>

#include "exporter/exposition/gzip.h"
#include "exporter/exposition/negotiation.h"
#include "exporter/scraper.h"
#include "exporter/web/page/assets.h"
#include "exporter/web/page_files.h"
#include "exporter/web/query.h"

namespace memleak {
namespace {

// "Come again": for what passes within about a second.
HttpResponse Unavailable(std::string_view line) {
  HttpResponse response = TextResponse(503, line);
  response.headers += "Retry-After: 1\r\n";
  return response;
}

}  // namespace

HttpResponse TextResponse(int status, std::string_view line) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = line;
  response.body += '\n';
  return response;
}

Endpoints::Endpoints(Options::Web options, Scraper& scraper)
    : options_(std::move(options)),
      scraper_(scraper),
      api_(scraper),
      page_files_(std::make_unique<PageFiles>()) {}

Endpoints::~Endpoints() = default;

HttpResponse Endpoints::Answer(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = TextResponse(405, "only GET and HEAD are served");
    response.headers = "Allow: GET, HEAD\r\n";
    return response;
  }
  // Health is answered whatever the load: a busy exporter is not a broken one.
  if (request.path == "/-/healthy") return Healthy();
  if (request.path == "/-/ready") return Ready();
  if (request.health_only) {
    return TextResponse(404, "only /-/healthy and /-/ready are here (--web.health-address)");
  }

  const bool metrics = request.path == options_.telemetry_path;
  const bool ui = !metrics && options_.ui;
  const bool api = ui && request.path.starts_with(Api::kPrefix);
  const Asset* const asset = ui ? FindAsset(request.path) : nullptr;
  if (!metrics && !api && asset == nullptr) return TextResponse(404, "not found");
  // Before the first names are read, groups would be called by their comm and vanish a second
  // later.
  if (!scraper_.Ready()) return Unavailable("starting: the first look at the host is under way");
  RequestSlot slot = TakeSlot();
  if (!slot) return Unavailable("too many requests in flight (--web.max-requests)");
  HttpResponse response;
  if (metrics) {
    response = Metrics(request);
  } else if (api) {
    response = ApiDocument(request);
  } else {
    response = page_files_->Answer(request, *asset);
  }
  response.slot = std::move(slot);
  return response;
}

HttpResponse Endpoints::Metrics(const HttpRequest& request) {
  Scraper::Choice choice;
  for (auto& [key, value] : ParseQuery(request.query)) {
    if (key == "collect[]") {
      choice.collect.push_back(std::move(value));
    } else if (key == "exclude[]") {
      choice.exclude.push_back(std::move(value));
    }
  }
  std::string why;
  if (!scraper_.Accepts(choice, why)) return TextResponse(400, why);

  const Negotiated negotiated = NegotiateFormat(request.accept);
  HttpResponse response;
  response.content_type = ContentType(negotiated);
  response.headers = "Vary: Accept, Accept-Encoding\r\n";
  response.body = scraper_.Scrape(negotiated.format, choice);
  if (AcceptsGzip(request.accept_encoding)) {
    response.headers += "Content-Encoding: gzip\r\n";
    response.body = Gzip(response.body);
  }
  return response;
}

HttpResponse Endpoints::ApiDocument(const HttpRequest& request) {
  ApiAnswer answer = api_.Answer(request.path, request.query, request.if_none_match);
  HttpResponse response;
  response.status = answer.status;
  response.content_type = "application/json";
  response.headers = "Vary: Accept-Encoding\r\n";
  if (!answer.etag.empty()) response.headers += "ETag: " + answer.etag + "\r\n";
  response.body = std::move(answer.body);
  if (!response.body.empty() && AcceptsGzip(request.accept_encoding)) {
    response.headers += "Content-Encoding: gzip\r\n";
    response.body = Gzip(response.body);
  }
  return response;
}

HttpResponse Endpoints::Healthy() const {
  if (scraper_.Healthy()) return TextResponse(200, "healthy");
  return TextResponse(503, "three refreshes in a row were missed");
}

HttpResponse Endpoints::Ready() const {
  if (scraper_.Ready()) return TextResponse(200, "ready");
  return Unavailable("starting: the first look at the host is under way");
}

RequestSlot Endpoints::TakeSlot() {
  if (in_flight_.fetch_add(1) < options_.max_requests) return RequestSlot(&in_flight_);
  in_flight_.fetch_sub(1);
  return nullptr;
}

}  // namespace memleak
