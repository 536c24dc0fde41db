#include "exporter/web/page_files.h"

#include "exporter/exposition/gzip.h"
#include "exporter/exposition/negotiation.h"
#include "exporter/web/api/api.h"

namespace memleak {

HttpResponse PageFiles::Answer(const HttpRequest& request, const Asset& asset) {
  constexpr int kNotModified = 304;
  // Weak: both codings have the same.
  const std::string etag = "W/" + std::string(asset.etag);
  HttpResponse response;
  response.content_type = asset.content_type;
  // May be kept, and is asked for again each time: the next version has the same names.
  response.headers = "Cache-Control: no-cache\r\nVary: Accept-Encoding\r\nETag: " + etag +
                     "\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: " +
                     std::string(kContentSecurityPolicy) + "\r\n";
  if (NamesEtag(request.if_none_match, etag)) {
    response.status = kNotModified;
  } else if (AcceptsGzip(request.accept_encoding)) {
    response.headers += "Content-Encoding: gzip\r\n";
    response.body = Compressed(asset);
  } else {
    response.body = asset.body;
  }
  return response;
}

const std::string& PageFiles::Compressed(const Asset& asset) {
  const std::lock_guard lock(mutex_);
  std::string& body = compressed_[&asset];
  if (body.empty()) body = Gzip(asset.body);
  return body;
}

}  // namespace memleak
