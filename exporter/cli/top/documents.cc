#include "exporter/cli/top/documents.h"

#include <nlohmann/json.hpp>
#include <set>

namespace memleak {
namespace {

// In the order of the API.
using Json = nlohmann::ordered_json;

Json Parse(std::string_view body) {
  Json json = Json::parse(body.begin(), body.end(), nullptr, false);
  if (!json.is_object()) throw DocumentError("what was answered is not the API's JSON");
  return json;
}

// Nothing where there is none.
const Json& Member(const Json& json, std::string_view name) {
  static const Json kNone;
  if (!json.is_object()) return kNone;
  const auto found = json.find(std::string(name));
  return found == json.end() ? kNone : *found;
}

const Json& List(const Json& json, std::string_view name) {
  const Json& list = Member(json, name);
  if (!list.is_array()) {
    throw DocumentError("what was answered has no list of " + std::string(name));
  }
  return list;
}

double NumberOr0(const Json& json, std::string_view name) {
  const Json& number = Member(json, name);
  return number.is_number() ? number.get<double>() : 0;
}

std::string TextOf(const Json& json, std::string_view name) {
  const Json& text = Member(json, name);
  return text.is_string() ? text.get<std::string>() : std::string();
}

std::vector<std::string> TextsOf(const Json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const Json& text : list) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

Row RowOf(const Json& json) {
  Row row;
  if (!json.is_object()) return row;
  for (const auto& [name, value] : json.items()) {
    if (value.is_number()) row.numbers.emplace(name, value.get<double>());
    if (value.is_boolean()) row.numbers.emplace(name, value.get<bool>() ? 1 : 0);
    if (value.is_string()) row.texts.emplace(name, value.get<std::string>());
  }
  row.leaks = TextsOf(Member(json, "leaks"));
  return row;
}

std::vector<Row> RowsOf(const Json& list) {
  std::vector<Row> rows;
  if (!list.is_array()) return rows;
  for (const Json& each : list) rows.push_back(RowOf(each));
  return rows;
}

Details::Plot PlotOf(const std::string& name, const Json& json) {
  Details::Plot plot;
  plot.name = name;
  const Json& points = Member(json, "points");
  if (!points.is_array()) return plot;
  for (const Json& point : points) {
    if (!point.is_array() || point.size() != 2) continue;
    if (!point[0].is_number() || !point[1].is_number()) continue;
    plot.points.emplace_back(point[0].get<double>(), point[1].get<double>());
  }
  return plot;
}

Details DetailsOf(const Json& json) {
  Details details;
  details.row = RowOf(json);
  const Json& history = Member(json, "history");
  if (history.is_object()) {
    for (const auto& [name, plot] : history.items()) details.plots.push_back(PlotOf(name, plot));
  }
  const Json& resources = Member(json, "resources");
  if (resources.is_array()) {
    for (const Json& each : resources) {
      details.resources.push_back({RowOf(each), TextsOf(Member(each, "reasons"))});
    }
  }
  const Json& evidence = Member(json, "evidence");
  details.evidence = TextsOf(Member(evidence, "reasons"));
  details.fd_targets = RowsOf(Member(evidence, "descriptor_targets"));
  details.commands = RowsOf(Member(json, "next_commands"));
  details.regions = RowsOf(Member(json, "regions"));
  details.regions_missing = TextOf(json, "regions_missing");
  details.siblings = RowsOf(Member(json, "siblings"));
  return details;
}

// One leak is one row.
Json SuspectsOf(const SuspectBodies& bodies) {
  const Json processes = Parse(bodies.processes);
  const Json groups = Parse(bodies.groups);
  const Json cgroups = Parse(bodies.cgroups);
  Json suspects = Json::array();
  std::set<std::string> known_groups;
  std::set<std::string> known_cgroups;
  for (const Json& row : List(processes, "processes")) {
    known_groups.insert(TextOf(row, "group"));
    known_cgroups.insert(TextOf(row, "cgroup"));
    suspects.push_back(row);
  }
  std::set<std::string> added;
  for (const Json& row : List(groups, "groups")) {
    if (known_groups.contains(TextOf(row, "group"))) continue;
    added.insert(TextOf(row, "group"));
    suspects.push_back(row);
  }
  known_groups.merge(added);
  known_groups.erase("");  // a cgroup of nobody's
  for (const Json& row : List(cgroups, "cgroups")) {
    if (known_cgroups.contains(TextOf(row, "cgroup"))) continue;
    if (known_groups.contains(TextOf(row, "group"))) continue;
    suspects.push_back(row);
  }
  return suspects;
}

}  // namespace

std::optional<double> Row::Number(std::string_view name) const {
  const auto found = numbers.find(name);
  if (found == numbers.end()) return std::nullopt;
  return found->second;
}

std::string_view Row::Text(std::string_view name) const {
  const auto found = texts.find(name);
  if (found == texts.end()) return {};
  return found->second;
}

bool Row::Holds(std::string_view name) const { return Number(name).value_or(0) == 1; }

RowList ParseRows(std::string_view body, std::string_view name) {
  const Json json = Parse(body);
  RowList list;
  list.time = NumberOr0(json, "time");
  list.total = NumberOr0(json, "total");
  list.matched = NumberOr0(json, "matched");
  list.offset = NumberOr0(json, "offset");
  list.rows = RowsOf(List(json, name));
  return list;
}

std::vector<Details> ParseDetailedRows(std::string_view body, std::string_view name) {
  const Json json = Parse(body);
  std::vector<Details> all;
  for (const Json& each : List(json, name)) all.push_back(DetailsOf(each));
  return all;
}

NodeDocument ParseNode(std::string_view body) {
  const Json json = Parse(body);
  NodeDocument document;
  document.time = NumberOr0(json, "time");
  const Json& node = Member(json, "node");
  if (!node.is_object()) throw DocumentError("what was answered tells of no node");
  document.node = RowOf(node);
  document.exporter = RowOf(Member(json, "exporter"));
  const Json& kill = Member(node, "last_oom_kill");
  if (kill.is_object()) document.last_oom_kill = RowOf(kill);
  return document;
}

Details ParseProcess(std::string_view body) {
  const Json json = Parse(body);
  const Json& process = Member(json, "process");
  if (!process.is_object()) throw DocumentError("what was answered tells of no process");
  return DetailsOf(process);
}

std::string ErrorOf(std::string_view body) {
  const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
  return TextOf(json, "error");
}

std::vector<Row> ParseSuspects(const SuspectBodies& bodies) {
  std::vector<Row> rows;
  for (const Json& row : SuspectsOf(bodies)) rows.push_back(RowOf(row));
  return rows;
}

std::string ScriptDocument(std::string_view node, const SuspectBodies& suspects,
                           std::string_view processes) {
  const Json node_document = Parse(node);
  Json document;
  document["time"] = Member(node_document, "time");
  document["node"] = Member(node_document, "node");
  document["suspects"] = SuspectsOf(suspects);
  document["processes"] = List(Parse(processes), "processes");
  return document.dump() + '\n';
}

}  // namespace memleak
