// Which rows of a list are shown, in which order. Works on plain values: JSON is made of what is
// shown only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "exporter/web/api/field.h"
#include "exporter/web/api/list_query.h"

namespace memleak {

template <typename Row>
struct ListPage {
  size_t total = 0;    // all of the list
  size_t matched = 0;  // of these what the query asks for, whatever its limit and offset
  std::vector<const Row*> rows;
};

// Values of one field: whether `a` is less.
bool LessValue(const FieldValue& a, const FieldValue& b);
inline bool IsKnown(const FieldValue& value) { return value.index() != 0; }
// Whether a value's text, or its number's digits, hold `search` (lower case).
bool Holds(const FieldValue& value, std::string_view search);
// Whether a value is shown as one of these.
bool IsOneOf(const FieldValue& value, const std::vector<std::string>& shown);

// The names that a list can be sorted by.
template <typename Row>
std::vector<std::string_view> NamesOf(std::span<const Field<Row>> fields) {
  std::vector<std::string_view> names;
  for (const Field<Row>& field : fields) names.push_back(field.name);
  return names;
}

// One query on one snapshot.
template <typename Row>
class List {
 public:
  // `before` orders rows whose sort fields are alike: by name.
  List(std::span<const Field<Row>> fields, bool (*before)(const Row&, const Row&),
       const ListQuery& query, const Snapshot& snapshot)
      : fields_(fields), before_(before), query_(query), snapshot_(snapshot) {
    sort_ = FieldNamed(query.sort);
    for (const ListQuery::Only& only : query.only) {
      only_.push_back({FieldNamed(only.field), &only.values});
    }
  }

  // A row of the list.
  void Offer(const Row& row) {
    ++page_.total;
    if (Matches(row)) {
      candidates_.push_back({sort_ != nullptr ? sort_->of(row, snapshot_) : FieldValue(), &row});
    }
  }

  ListPage<Row> Finish() {
    page_.matched = candidates_.size();
    const size_t begin = std::min(query_.offset, candidates_.size());
    const size_t end = begin + std::min(query_.limit, candidates_.size() - begin);
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(end),
                      candidates_.end(),
                      [this](const Candidate& a, const Candidate& b) { return ComesBefore(a, b); });
    for (size_t i = begin; i < end; ++i) page_.rows.push_back(candidates_[i].row);
    return std::move(page_);
  }

 private:
  struct Candidate {
    FieldValue key;
    const Row* row;
  };
  struct Only {
    const Field<Row>* field;
    const std::vector<std::string>* values;
  };

  const Field<Row>* FieldNamed(std::string_view name) const {
    const auto found = std::find_if(fields_.begin(), fields_.end(),
                                    [&](const Field<Row>& field) { return field.name == name; });
    return found != fields_.end() ? &*found : nullptr;
  }

  bool Matches(const Row& row) const {
    if (query_.suspects && !row.tracked.standing.suspect) return false;
    for (const Only& only : only_) {
      if (!IsOneOf(only.field->of(row, snapshot_), *only.values)) return false;
    }
    return query_.search.empty() ||
           std::any_of(fields_.begin(), fields_.end(), [&](const Field<Row>& field) {
             return field.searched && Holds(field.of(row, snapshot_), query_.search);
           });
  }

  bool ComesBefore(const Candidate& a, const Candidate& b) const {
    if (IsKnown(a.key) != IsKnown(b.key)) return IsKnown(a.key);
    const bool less = LessValue(a.key, b.key);
    const bool greater = LessValue(b.key, a.key);
    if (less != greater) return query_.descending ? greater : less;
    return before_(*a.row, *b.row);
  }

  const std::span<const Field<Row>> fields_;
  bool (*const before_)(const Row&, const Row&);
  const ListQuery& query_;
  const Snapshot& snapshot_;
  const Field<Row>* sort_ = nullptr;
  std::vector<Only> only_;
  std::vector<Candidate> candidates_;
  ListPage<Row> page_;
};

}  // namespace memleak
