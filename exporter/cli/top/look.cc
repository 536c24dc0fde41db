#include "exporter/cli/top/look.h"

#include <stdexcept>

#include "exporter/cli/http_url.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr long kOk = 200;
constexpr long kUnauthorized = 401;
constexpr long kNotFound = 404;

// More are counted.
constexpr size_t kMostSuspects = 50;

[[noreturn]] void Refuse(const std::string& path, const FetchAnswer& answer) {
  if (answer.status == kUnauthorized) {
    throw std::runtime_error("it asks for a user and a password, which can stand in the URL");
  }
  const std::string said = Printable(ErrorOf(answer.body));
  if (answer.status == kNotFound && said.empty()) {
    throw std::runtime_error(
        "no exporter with a JSON API: another program, an older one, or it runs with --no-web.ui");
  }
  throw std::runtime_error("answered " + path + " with status " + std::to_string(answer.status) +
                           (said.empty() ? "" : ": " + said));
}

std::string Get(const Fetch& fetch, const std::string& path, const std::string& query) {
  FetchAnswer answer = fetch(path, query);
  if (answer.status != kOk) Refuse(path, answer);
  return std::move(answer.body);
}

SuspectBodies GetSuspects(const Fetch& fetch, const std::string& more) {
  const std::string query =
      "suspects=true&sort=exhaustion_seconds&limit=" + std::to_string(kMostSuspects) + more;
  return {Get(fetch, PathOf(View::kProcesses), query), Get(fetch, PathOf(View::kGroups), query),
          Get(fetch, PathOf(View::kContainers), query)};
}

std::optional<Details> GetDetails(const Fetch& fetch, const Subject& subject) {
  if (subject.view == View::kProcesses) {
    const std::string path = PathOf(subject.view) + '/' + subject.name;
    const FetchAnswer answer = fetch(path, "");
    if (answer.status == kNotFound) return std::nullopt;
    if (answer.status != kOk) Refuse(path, answer);
    return ParseProcess(answer.body);
  }
  const std::string by = subject.view == View::kGroups ? "group" : "cgroup";
  const std::string named = by + '=' + PercentEncoded(subject.name);
  std::vector<Details> found =
      ParseDetailedRows(Get(fetch, PathOf(subject.view), named + "&history=true&details=true"),
                        ListName(subject.view));
  if (found.empty()) return std::nullopt;
  if (subject.view == View::kGroups) {
    constexpr std::string_view kMembers = "&limit=20";
    found.front().siblings =
        ParseRows(Get(fetch, PathOf(View::kProcesses), named + std::string(kMembers)), "processes")
            .rows;
  }
  return std::move(found.front());
}

}  // namespace

Look LookAt(const Fetch& fetch, const Wish& wish) {
  Look look;
  look.wish = wish;
  look.node = ParseNode(Get(fetch, "/api/v1/node", ""));
  look.suspects = ParseSuspects(GetSuspects(fetch, ""));
  look.list = ParseRows(
      Get(fetch, PathOf(wish.listing.view), ListQuery(wish.listing, wish.offset, wish.limit)),
      ListName(wish.listing.view));
  if (wish.subject) look.details = GetDetails(fetch, *wish.subject);
  return look;
}

std::string ScriptLook(const Fetch& fetch, const Listing& listing, size_t limit) {
  const std::string node = Get(fetch, "/api/v1/node", "");
  const SuspectBodies suspects = GetSuspects(fetch, "&details=true");
  return ScriptDocument(node, suspects,
                        Get(fetch, PathOf(listing.view), ListQuery(listing, 0, limit)));
}

}  // namespace memleak
