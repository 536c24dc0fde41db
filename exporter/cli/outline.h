// A series in a few figures: first and last value (of the whole and of its last life), the range,
// and a coarse course for a plot.
//
// Of constant size: the course has a fixed number of cells of equal time, which get twice as wide
// whenever the series outgrows them.
#pragma once

#include <array>
#include <cstddef>
#include <limits>

namespace memleak {

class Outline {
 public:
  static constexpr size_t kCells = 128;
  struct Point {
    double time;
    double value;
  };
  // The samples of one stretch of time; empty where there were none.
  struct Cell {
    double least = std::numeric_limits<double>::infinity();
    double greatest = -std::numeric_limits<double>::infinity();

    bool empty() const { return least > greatest; }
  };

  // In order of time.
  void Add(double time, double value);
  // The next sample is of a new life.
  void Restart();

  // The rest is for a series that has a sample.
  const Point& first() const { return first_; }
  const Point& first_of_life() const { return first_of_life_; }
  const Point& last() const { return last_; }
  double least() const { return least_; }
  double greatest() const { return greatest_; }
  size_t restarts() const { return restarts_; }
  // Cells from the first sample to the last.
  const std::array<Cell, kCells>& cells() const { return cells_; }
  size_t used_cells() const { return CellOf(last_.time) + 1; }

 private:
  size_t CellOf(double time) const;
  void Widen();

  bool begun_ = false;
  bool reborn_ = true;
  Point first_{};
  Point first_of_life_{};
  Point last_{};
  double least_ = 0;
  double greatest_ = 0;
  size_t restarts_ = 0;
  double width_ = 0;  // of a cell, in seconds; 0 until two times were seen
  std::array<Cell, kCells> cells_{};
};

}  // namespace memleak
