#include "exporter/trend/figures.h"

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr Quantity kBytes = Quantity::kBytes;
constexpr Quantity kDescriptors = Quantity::kDescriptors;

TEST_CASE("amounts have three digits, and no zeros at the end") {
  CHECK(AmountText(0, kBytes) == "0 B");
  CHECK(AmountText(1023, kBytes) == "1023 B");
  CHECK(AmountText(1536, kBytes) == "1.5 KiB");
  CHECK(AmountText(310.0 * 1048576, kBytes) == "310 MiB");
  CHECK(AmountText(9.996 * 1048576, kBytes) == "10 MiB");
  CHECK(AmountText(1.21 * 1073741824, kBytes) == "1.21 GiB");
  CHECK(AmountText(-1536, kBytes) == "-1.5 KiB");
  CHECK(DecimalAmountText(400e6, kBytes) == "400 MB");
  CHECK(DecimalAmountText(8e9, kBytes) == "8 GB");
}

TEST_CASE("descriptors are counted") {
  CHECK(AmountText(40, kDescriptors) == "40");
  CHECK(AmountText(3900, kDescriptors) == "3,900");
  CHECK(DecimalAmountText(1234567, kDescriptors) == "1,234,567");
  CHECK(AmountText(-1234, kDescriptors) == "-1,234");
  CHECK(AmountText(-0.1, kDescriptors) == "0");
}

TEST_CASE("durations have a unit that fits") {
  CHECK(DurationText(0) == "0 s");
  CHECK(DurationText(2.5) == "2.5 s");
  CHECK(DurationText(35.4) == "35 s");
  CHECK(DurationText(119) == "119 s");
  CHECK(DurationText(120) == "2 min");
  CHECK(DurationText(3600) == "60 min");
  CHECK(DurationText(2220 * 60) == "37.0 h");
  CHECK(DurationText(3 * 86400) == "3.00 d");
  CHECK(DurationText(700.0 * 86400) == "700 d");
  CHECK(DurationText(10 * 365.25 * 86400) == "10.0 years");
}

TEST_CASE("rates are per the shortest time in which they are a million bytes, or one descriptor") {
  CHECK(DecimalRateText(200e6 / 3600, kBytes) == "3.33 MB/min");
  CHECK(DecimalRateText(14.1e6, kBytes) == "14.1 MB/s");
  CHECK(DecimalRateText(10.5e6 / 3600, kBytes) == "10.5 MB/h");
  CHECK(DecimalRateText(5e6 / 86400, kBytes) == "5.00 MB/d");
  CHECK(DecimalRateText(5e3 / 86400, kBytes) == "5.00 kB/d");
  CHECK(DecimalRateText(0, kBytes) == "0.00 B/d");
  CHECK(DecimalRateText(-200e6 / 3600, kBytes) == "-3.33 MB/min");
  CHECK(RateText(0.8 * 1048576 / 3600, kBytes) == "19.2 MiB/d");
  CHECK(RateText(12.0 / 3600, kDescriptors) == "12.0 descriptors/h");
}

TEST_CASE("figures without end stay short") {
  CHECK(AmountText(1e300, kBytes).size() < 30);
  CHECK(DecimalAmountText(-1e300, kDescriptors).size() < 30);
  CHECK(DurationText(1e300).size() < 30);
  CHECK(RateText(1e300, kBytes).size() < 30);
}

}  // namespace
}  // namespace memleak
