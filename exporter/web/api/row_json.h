// What the rows of all lists have in common as JSON: their fields, and the parts that are asked
// for.
#pragma once

#include <span>
#include <utility>

#include "exporter/web/api/common_fields.h"
#include "exporter/web/api/json.h"
#include "exporter/web/api/list.h"
#include "exporter/web/api/resources.h"
#include "exporter/web/api/verdict_json.h"

namespace memleak {

template <typename Row>
Json FieldsJson(const Row& row, std::span<const Field<Row>> fields, const ResourceNames& resources,
                const Snapshot& snapshot) {
  Json json = Json::object();
  json.get_ref<Json::object_t&>().reserve(fields.size() + 6);
  for (const Field<Row>& field : fields) PutValue(json, field.name, field.of(row, snapshot));
  Put(json, "leaks", LeaksJson(TrendOf(row, snapshot), resources));
  return json;
}

// Adds `history` and `resources` of what has one.
template <typename Row>
void PutHistory(Json& json, const Row& row, const ResourceNames& names, const Snapshot& snapshot) {
  if (const Trend* trend = TrendOf(row, snapshot)) {
    Put(json, "history", HistoryJson(*trend, names, snapshot.time.boot_time));
  }
}
template <typename Row>
void PutResources(Json& json, const Row& row, const ResourceNames& names,
                  const Snapshot& snapshot) {
  if (const Trend* trend = TrendOf(row, snapshot)) {
    Put(json, "resources", ResourcesJson(*trend, names, snapshot.time.boot_time));
  }
}

// Adds `next_commands`, to be run on `process`, for what leaks of `row`. Nothing where there is no
// process: nullptr.
void PutNextCommands(Json& json, const Process* process, const Trend* trend,
                     const Standing& standing, bool third_is_descriptors);

// Of a page of a list: {"time", "total", "matched", "offset", "limit", NAME: [rows]}.
template <typename Row, typename MakeRow>
Json ListJson(std::string_view name, const ListPage<Row>& page, const ListQuery& query,
              const Snapshot& snapshot, MakeRow&& make_row) {
  Json rows = Json::array();
  rows.get_ref<Json::array_t&>().reserve(page.rows.size());
  for (const Row* row : page.rows) rows.push_back(make_row(*row));
  Json json = Json::object();
  Put(json, "time", snapshot.time.unix_time);
  Put(json, "total", page.total);
  Put(json, "matched", page.matched);
  Put(json, "offset", query.offset);
  Put(json, "limit", query.limit);
  Put(json, name, std::move(rows));
  return json;
}

}  // namespace memleak
