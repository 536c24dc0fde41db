#include "exporter/cli/outline.h"

#include <string>

#include "exporter/cli/plot.h"
#include "tests/catch.h"

namespace memleak {
namespace {

TEST_CASE("first, last and range, of the whole and of the last life") {
  Outline outline;
  outline.Add(100, 5);
  outline.Add(160, 9);
  outline.Restart();
  outline.Add(220, 2);
  outline.Add(280, 3);
  CHECK(outline.first().value == 5);
  CHECK(outline.first_of_life().time == 220);
  CHECK(outline.first_of_life().value == 2);
  CHECK(outline.last().value == 3);
  CHECK(outline.least() == 2);
  CHECK(outline.greatest() == 9);
  CHECK(outline.restarts() == 1);
  CHECK(outline.used_cells() == 4);
}

TEST_CASE("any length fits, and no sample is lost") {
  Outline outline;
  for (int i = 0; i <= 100'000; ++i) outline.Add(i * 60.0, i == 54'321 ? -1 : i);
  CHECK(outline.used_cells() > Outline::kCells / 2);
  CHECK(outline.used_cells() <= Outline::kCells);
  double least = 1;
  double greatest = 0;
  for (size_t i = 0; i < outline.used_cells(); ++i) {
    CHECK(!outline.cells()[i].empty());
    least = std::min(least, outline.cells()[i].least);
    greatest = std::max(greatest, outline.cells()[i].greatest);
  }
  CHECK(least == -1);
  CHECK(greatest == 100'000);
}

TEST_CASE("times without measure") {
  Outline outline;
  outline.Add(-6e10, 1);
  outline.Add(-6e10, 2);  // the same
  outline.Add(-6e10 + 1e-5, 3);
  outline.Add(2.5e11, 4);
  CHECK(outline.used_cells() <= Outline::kCells);
  CHECK(outline.last().value == 4);
}

TEST_CASE("a plot of one line") {
  Outline climb;
  for (int i = 0; i < 8; ++i) climb.Add(i, 100 + i * 100);
  CHECK(PlotLine(climb, true) == "▁▂▃▄▅▆▇█");
  CHECK(PlotLine(climb, false) == ".:-=+*#@");
}

TEST_CASE("a plot shows gaps, and no mountains where there are none") {
  Outline outline;
  outline.Add(0, 1000);
  outline.Add(1, 1001);
  outline.Add(5, 1000);
  CHECK(PlotLine(outline, false) == "..   .");
}

TEST_CASE("a plot is at most half the cells wide") {
  Outline outline;
  for (int i = 0; i < 127; ++i) outline.Add(i, i);
  CHECK(PlotLine(outline, false).size() == 64);
}

TEST_CASE("the plot of one sample, and of nothing but zeros") {
  Outline one;
  one.Add(5, 7);
  CHECK(PlotLine(one, false) == ".");
  Outline zeros;
  zeros.Add(0, 0);
  zeros.Add(1, 0);
  CHECK(PlotLine(zeros, false) == "..");
}

}  // namespace
}  // namespace memleak
