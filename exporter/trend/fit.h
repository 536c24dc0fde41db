// Robust statistics of a few points: what the rules of the trend engine are made of.
//
// Pure functions, no allocation. Slopes: H. Theil (1950), P. K. Sen (1968); tau: M. Kendall (1938),
// tau-b with ties.
#pragma once

#include <cstddef>
#include <span>

namespace memleak {

inline constexpr size_t kMaxFitPoints = 80;

struct Point {
  double time = 0;
  double value = 0;
};

struct Line {
  double slope = 0;
  double intercept = 0;  // at time 0
  double At(double time) const { return intercept + slope * time; }
};

// The median of the slopes of all pairs, through the medians of what is left. At most 16 points are
// looked at; of more, as many as that spread evenly.
Line TheilSen(std::span<const Point> points);

// Of value over time, by least squares: where the errors are small and the times have a meaning.
double LeastSquaresSlope(std::span<const Point> points);

// Of time and value, -1 to 1; 0 where all values are equal.
double KendallTau(std::span<const Point> points);
// Of two columns.
double KendallTau(std::span<const double> a, std::span<const double> b);

// How many standard errors the rise from the first point to the last is away from a random walk
// without drift, with the long-run variance of the rises (one lag): noise around a line does not
// count as a walk. Large where the rises hardly vary.
double DriftScore(std::span<const Point> points);

// The largest shift between neighbouring stretches (the medians of up to three points on either
// side), which a step shows and noise does not.
double LargestShift(std::span<const Point> points);

// The lowest points of as many even stretches from `from` to the last point as there are in `even`,
// the line between neighbours where a stretch has none. Points are in order of time.
void Resample(std::span<const Point> points, double from, std::span<Point> even);

// Partially orders: the middle of the values (the mean of the two where there are two).
double MedianOf(std::span<double> values);

}  // namespace memleak
