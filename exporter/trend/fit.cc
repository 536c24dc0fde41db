#include "exporter/trend/fit.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace memleak {
namespace {

constexpr size_t kMaxPairPoints = 16;

}  // namespace

namespace {

// The value that would stand at `place` in order, with all that is less before it. Without a branch
// that depends on a comparison, which a processor guesses wrong half of the time: for the few dozen
// values here twice as fast as std::nth_element.
double Select(std::span<double> values, size_t place) {
  const auto partition = [&values](auto&& goes_first) {
    size_t first = 0;
    for (double& value : values) {
      const double moved = value;
      value = values[first];
      values[first] = moved;
      first += goes_first(moved) ? 1U : 0U;
    }
    return first;
  };
  while (values.size() > 1) {
    const double pivot = values[values.size() / 2];
    size_t first = partition([pivot](double value) { return value < pivot; });
    if (first == 0) {
      // It is the least, perhaps of many that are equal.
      first = partition([pivot](double value) { return value == pivot; });
      if (place < first || first == 0) return pivot;
    }
    if (place < first) {
      values = values.first(first);
    } else {
      values = values.subspan(first);
      place -= first;
    }
  }
  return values[0];
}

}  // namespace

double MedianOf(std::span<double> values) {
  const size_t middle = values.size() / 2;
  const double upper = Select(values, middle);
  if (values.size() % 2 == 1) return upper;
  return (upper +
          *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle))) /
         2;
}

Line TheilSen(std::span<const Point> points) {
  std::array<Point, kMaxPairPoints> spread;
  size_t count = points.size();
  if (count > kMaxPairPoints) {
    for (size_t i = 0; i < kMaxPairPoints; ++i) {
      spread[i] = points[i * (count - 1) / (kMaxPairPoints - 1)];
    }
    count = kMaxPairPoints;
  } else {
    std::copy(points.begin(), points.end(), spread.begin());
  }
  std::array<double, kMaxPairPoints*(kMaxPairPoints - 1) / 2> slopes;
  size_t pairs = 0;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      slopes[pairs++] = (spread[j].value - spread[i].value) / (spread[j].time - spread[i].time);
    }
  }
  Line line;
  if (pairs > 0) line.slope = MedianOf(std::span(slopes).first(pairs));
  std::array<double, kMaxPairPoints> rests;
  for (size_t i = 0; i < count; ++i) rests[i] = spread[i].value - line.slope * spread[i].time;
  if (count > 0) line.intercept = MedianOf(std::span(rests).first(count));
  return line;
}

double LeastSquaresSlope(std::span<const Point> points) {
  double time = 0;
  double value = 0;
  for (const Point& point : points) {
    time += point.time;
    value += point.value;
  }
  const auto count = static_cast<double>(points.size());
  time /= count;
  value /= count;
  double together = 0;
  double spread = 0;
  for (const Point& point : points) {
    together += (point.time - time) * (point.value - value);
    spread += (point.time - time) * (point.time - time);
  }
  return spread > 0 ? together / spread : 0;
}

namespace {

template <typename First, typename Second>
double Tau(size_t count, First first, Second second) {
  int concordance = 0;
  int first_untied = 0;
  int second_untied = 0;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      const int a = (first(j) > first(i)) - (first(j) < first(i));
      const int b = (second(j) > second(i)) - (second(j) < second(i));
      concordance += a * b;
      first_untied += a != 0;
      second_untied += b != 0;
    }
  }
  if (first_untied == 0 || second_untied == 0) return 0;
  return concordance / std::sqrt(static_cast<double>(first_untied) * second_untied);
}

}  // namespace

double KendallTau(std::span<const Point> points) {
  return Tau(
      points.size(), [&](size_t i) { return points[i].time; },
      [&](size_t i) { return points[i].value; });
}

double KendallTau(std::span<const double> a, std::span<const double> b) {
  return Tau(
      std::min(a.size(), b.size()), [&](size_t i) { return a[i]; }, [&](size_t i) { return b[i]; });
}

double DriftScore(std::span<const Point> points) {
  if (points.size() < 4) return 0;
  const size_t count = points.size() - 1;
  const double rise = points.back().value - points.front().value;
  const double span = points.back().time - points.front().time;
  const double slope = rise / span;
  double variance = 0;
  double lagged = 0;
  double previous = 0;
  for (size_t i = 0; i < count; ++i) {
    const double step =
        points[i + 1].value - points[i].value - slope * (points[i + 1].time - points[i].time);
    variance += step * step;
    if (i > 0) lagged += step * previous;
    previous = step;
  }
  const auto n = static_cast<double>(count);
  variance /= n - 1;
  lagged /= n - 1;
  // Noise around a line makes each rise pay back the one before. A tenth is always left, or a few
  // lucky points would score without bound.
  const double long_run = std::max(variance + 2 * lagged, 0.1 * variance);
  if (long_run <= 0) return rise > 0 ? 1e9 : 0;
  return rise / std::sqrt(n * long_run);
}

void Resample(std::span<const Point> points, double from, std::span<Point> even) {
  if (points.empty()) return;
  const double stretch = (points.back().time - from) / static_cast<double>(even.size());
  size_t next = 0;
  while (next < points.size() && points[next].time < from) ++next;
  for (size_t i = 0; i < even.size(); ++i) {
    const double end =
        i + 1 == even.size() ? points.back().time : from + static_cast<double>(i + 1) * stretch;
    even[i] = {end, 0};
    bool any = false;
    for (; next < points.size() && points[next].time <= end; ++next) {
      if (!any || points[next].value < even[i].value) even[i] = points[next];
      any = true;
    }
    if (any) continue;
    const Point& after = points[std::min(next, points.size() - 1)];
    const Point& before = points[next > 0 ? next - 1 : 0];
    const double between = after.time - before.time;
    const double part = between > 0 ? (end - before.time) / between : 0;
    even[i].value = before.value + part * (after.value - before.value);
  }
}

double LargestShift(std::span<const Point> points) {
  constexpr size_t kSide = 3;
  const auto median = [&](size_t from, size_t count) {
    std::array<double, kSide> side;
    for (size_t i = 0; i < count; ++i) side[i] = points[from + i].value;
    return MedianOf(std::span(side).first(count));
  };
  double largest = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    const size_t left = std::min(kSide, i);
    const size_t right = std::min(kSide, points.size() - i);
    if (left + right <= kSide) continue;
    largest = std::max(largest, median(i, right) - median(i - left, left));
  }
  return largest;
}

}  // namespace memleak
