#include "exporter/web/api/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "exporter/scraper.h"
#include "exporter/web/api/cgroups_json.h"
#include "exporter/web/api/groups_json.h"
#include "exporter/web/api/json.h"
#include "exporter/web/api/node_json.h"
#include "exporter/web/api/oom_kills_json.h"
#include "exporter/web/api/processes_json.h"

namespace memleak {
namespace {

double UnixTime() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

ApiAnswer Refused(int status, std::string_view why) {
  Json json = Json::object();
  Put(json, "error", why);
  return {status, Dump(json), {}};
}

struct ListPath {
  std::string_view path;
  const ListRules& (*rules)();
  Json (*make)(const ListQuery& query, const Snapshot& snapshot);
};
constexpr std::array<ListPath, 3> kLists = {{
    {"processes", ProcessListRules, ProcessesJson},
    {"groups", GroupListRules, GroupsJson},
    {"cgroups", CgroupListRules, CgroupsJson},
}};

std::optional<int32_t> ParsePid(std::string_view text) {
  int32_t pid = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, pid);
  if (error != std::errc{} || stopped != end || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace

bool NamesEtag(std::string_view if_none_match, std::string_view etag) {
  const auto trimmed = [](std::string_view text) {
    constexpr std::string_view kBlanks = " \t";
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return std::string_view();
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
  };
  const auto opaque = [](std::string_view tag) {
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    return tag;
  };
  // No tag of ours holds a comma.
  while (!if_none_match.empty()) {
    const size_t comma = if_none_match.find(',');
    const std::string_view tag = trimmed(if_none_match.substr(0, comma));
    if (tag == "*" || (!tag.empty() && opaque(tag) == opaque(etag))) return true;
    if (comma == std::string_view::npos) return false;
    if_none_match.remove_prefix(comma + 1);
  }
  return false;
}

Api::Api(Scraper& scraper) : scraper_(scraper), start_time_(UnixTime()) {}

// Weak: a compressed body has the same. Refreshes are counted from each start anew.
std::string Api::EtagOf(const Snapshot& snapshot) const {
  constexpr double kMicroseconds = 1e6;
  return "W/\"" + std::to_string(static_cast<uint64_t>(start_time_ * kMicroseconds)) + '-' +
         std::to_string(snapshot.number) + '"';
}

template <typename Make>
ApiAnswer Api::Show(std::string_view if_none_match, Make&& make) {
  ApiAnswer answer;
  Json document;
  scraper_.Visit([&](const Snapshot& snapshot) {
    answer.etag = EtagOf(snapshot);
    if (NamesEtag(if_none_match, answer.etag)) {
      answer.status = 304;
    } else {
      document = make(snapshot);
    }
  });
  // Not under the scraper's lock.
  if (answer.status == 200) answer.body = Dump(document);
  return answer;
}

ApiAnswer Api::Answer(std::string_view path, std::string_view query,
                      std::string_view if_none_match) {
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  for (const ListPath& list : kLists) {
    if (path != list.path) continue;
    ListQuery parsed;
    std::string why;
    if (!ParseListQuery(query, list.rules(), parsed, why)) return Refused(400, why);
    return Show(if_none_match,
                [&](const Snapshot& snapshot) { return list.make(parsed, snapshot); });
  }
  constexpr std::string_view kProcess = "processes/";
  const bool one = path.starts_with(kProcess);
  if (!one && path != "node" && path != "oom-kills") return Refused(404, "not found");
  std::string why;
  if (!TakesNoParameters(query, why)) return Refused(400, why);
  if (one) return OneProcess(path.substr(kProcess.size()), if_none_match);
  if (path == "oom-kills") return Show(if_none_match, OomKillsJson);
  return Show(if_none_match, [&](const Snapshot& snapshot) {
    return NodeJson(snapshot, scraper_.options(), start_time_);
  });
}

ApiAnswer Api::OneProcess(std::string_view pid_text, std::string_view if_none_match) {
  const std::optional<int32_t> pid = ParsePid(pid_text);
  if (!pid) return Refused(404, "a process is named by its pid");
  Json document;
  ApiAnswer answer;
  std::string etag;
  uint64_t start_ticks = 0;
  std::optional<uint64_t> resident;
  bool found = false;
  double time = 0;
  scraper_.Visit([&](const Snapshot& snapshot) {
    const Process* process = FindProcess(snapshot, *pid);
    if (process == nullptr) return;
    found = true;
    time = snapshot.time.unix_time;
    etag = EtagOf(snapshot);
    start_ticks = process->sample.start_ticks;
    resident = process->sample.memory.Get(MemoryField::kResident);
    document = ProcessJson(*process, snapshot);
  });
  if (!found) return Refused(404, "there is no process " + std::to_string(*pid));

  // Blocks, and so not under the scraper's lock. It is of a moment later.
  const MemoryDetails details = scraper_.ReadMemoryDetails(*pid, start_ticks, resident);
  // W/"START-REFRESH" and the reading's number.
  etag.insert(etag.size() - 1, '-' + std::to_string(details.reading));
  answer.etag = etag;
  if (NamesEtag(if_none_match, etag)) {
    answer.status = 304;
    return answer;
  }
  PutMemoryDetails(document, details);
  Json whole = Json::object();
  Put(whole, "time", time);
  Put(whole, "process", std::move(document));
  answer.body = Dump(whole);
  return answer;
}

}  // namespace memleak
