#include "exporter/web/response_head.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

// Without the date, which changes.
std::string Head(const HttpResponse& response, const std::vector<WebConfig::Header>& extra,
                 bool keep_alive = true) {
  std::string head = ResponseHead(response, "OK", extra, keep_alive);
  const size_t date = head.find("Date: ");
  return head.erase(date, head.find('\n', date) + 1 - date);
}

TEST_CASE("the head of a response") {
  HttpResponse response = TextResponse(200, "four");
  response.headers = "Vary: Accept\r\n";
  CHECK(Head(response, {}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nVary: Accept\r\n"
        "Connection: keep-alive\r\n\r\n");
  CHECK(Head(response, {}, false).ends_with("\r\nConnection: close\r\n\r\n"));
}

TEST_CASE("a configured header stands once, in place of ours") {
  HttpResponse response = TextResponse(200, "");
  response.headers = "Content-Security-Policy: ours\r\nVary: Accept\r\n";
  CHECK(Head(response, {{"X-Content-Type-Options", "nosniff"},
                        {"Content-Security-Policy", "theirs"},
                        {"X-Frame-Options", "deny"}}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n"
        "Cache-Control: no-store\r\nVary: Accept\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: theirs\r\nX-Frame-Options: deny\r\n"
        "Connection: keep-alive\r\n\r\n");
}

TEST_CASE("what is not modified has no body, and says nothing of one") {
  HttpResponse response;
  response.status = 304;
  response.headers = "ETag: \"1\"\r\n";
  const std::string head = Head(response, {});
  CHECK(head.starts_with("HTTP/1.1 304 OK\r\n"));
  CHECK_THAT(head, ContainsText("\r\nETag: \"1\"\r\n"));
  CHECK_THAT(head, !ContainsText("\nContent-Length") && !ContainsText("\nContent-Type"));
}

TEST_CASE("only a response that says so may be stored") {
  HttpResponse response = TextResponse(200, "");
  response.headers = "Cache-Control: no-cache\r\n";
  CHECK_THAT(Head(response, {}), ContainsText("\r\nCache-Control: no-cache\r\n"));
  CHECK_THAT(Head(response, {}), !ContainsText("no-store"));
}

}  // namespace
}  // namespace memleak
