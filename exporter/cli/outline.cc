#include "exporter/cli/outline.h"

#include <algorithm>

namespace memleak {

void Outline::Add(double time, double value) {
  if (!begun_) {
    begun_ = true;
    first_ = {time, value};
    least_ = greatest_ = value;
  }
  if (reborn_) first_of_life_ = {time, value};
  reborn_ = false;
  last_ = {time, value};
  least_ = std::min(least_, value);
  greatest_ = std::max(greatest_, value);
  const double since = time - first_.time;
  // The second sample says how dense the series is.
  if (width_ == 0 && since > 0) width_ = since;
  while (since >= width_ * kCells && width_ > 0) Widen();
  Cell& cell = cells_[CellOf(time)];
  cell.least = std::min(cell.least, value);
  cell.greatest = std::max(cell.greatest, value);
}

void Outline::Restart() {
  ++restarts_;
  reborn_ = true;
}

size_t Outline::CellOf(double time) const {
  if (width_ == 0) return 0;
  return std::min(static_cast<size_t>((time - first_.time) / width_), kCells - 1);
}

void Outline::Widen() {
  width_ *= 2;
  for (size_t i = 0; i < kCells; ++i) {
    Cell merged;
    for (size_t part = 2 * i; part < std::min(2 * i + 2, kCells); ++part) {
      merged.least = std::min(merged.least, cells_[part].least);
      merged.greatest = std::max(merged.greatest, cells_[part].greatest);
    }
    cells_[i] = merged;
  }
}

}  // namespace memleak
