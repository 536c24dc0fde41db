// The documents of the JSON API (exporter/web/api/README.md), as `top` reads them.
//
// What is absent stays absent; a field that is not of its type is as if absent. documents.cc alone
// includes nlohmann-json. Texts are from the host and may hold any character.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memleak {

// What was answered is no such document.
struct DocumentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An object: what has a name and is a number, a text or a truth (1 or 0).
struct Row {
  std::map<std::string, double, std::less<>> numbers;
  std::map<std::string, std::string, std::less<>> texts;
  std::vector<std::string> leaks;

  std::optional<double> Number(std::string_view name) const;
  // Empty where it is absent.
  std::string_view Text(std::string_view name) const;
  bool Holds(std::string_view name) const;  // is true
};

struct RowList {
  double time = 0;
  double total = 0;    // of the host
  double matched = 0;  // by what was asked for
  double offset = 0;   // of the first of `rows`
  std::vector<Row> rows;
};

struct NodeDocument {
  double time = 0;
  Row node;
  Row exporter;
  std::optional<Row> last_oom_kill;
};

// Of one process, group or container: with history and details.
struct Details {
  struct Plot {
    std::string name;                               // "memory", "descriptors"
    std::vector<std::pair<double, double>> points;  // time, value; in order
  };
  struct Resource {
    Row figures;  // resource, state, pattern, confidence, leak_suspected, ...
    std::vector<std::string> reasons;
  };

  Row row;
  std::vector<Plot> plots;
  std::vector<Resource> resources;
  std::vector<std::string> evidence;  // its reasons
  std::vector<Row> fd_targets;        // target, count
  std::vector<Row> commands;          // command, shows
  std::vector<Row> regions;
  std::string regions_missing;
  std::vector<Row> siblings;
};

// All throw DocumentError.

// The list named `name` ("processes", "groups", "cgroups").
RowList ParseRows(std::string_view body, std::string_view name);
// The same, with details; without those of the list itself.
std::vector<Details> ParseDetailedRows(std::string_view body, std::string_view name);
NodeDocument ParseNode(std::string_view body);
// /api/v1/processes/PID
Details ParseProcess(std::string_view body);

// The `error` of a refusal; empty where there is none.
std::string ErrorOf(std::string_view body);

// The suspected ones of each list.
struct SuspectBodies {
  std::string processes;
  std::string groups;
  std::string cgroups;
};

// Each leak once: a group where none of its processes is suspected, a cgroup where neither it nor
// one of its processes is.
std::vector<Row> ParseSuspects(const SuspectBodies& bodies);

// For scripts: {"time", "node", "suspects", "processes"} of what the API answered, rows as they
// are.
std::string ScriptDocument(std::string_view node, const SuspectBodies& suspects,
                           std::string_view processes);

}  // namespace memleak
