#include "exporter/trend/log_code.h"

#include <cmath>
#include <limits>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr double kLargest = 8796093022208;  // 2^43

TEST_CASE("A number comes back within half a step", "[trend]") {
  const double half_step = std::exp2(0.5 / log_code::kStepsPerOctave) - 1;
  CHECK(half_step < 0.00025);
  double worst = 0;
  for (double value = 1; value < kLargest; value *= 1.00007) {
    worst = std::max(worst, std::abs(DecodeLog(EncodeLog(value)) / value - 1));
  }
  CHECK(worst <= half_step * 1.0001);
  CHECK(DecodeLog(EncodeLog(1)) == 1);
}

TEST_CASE("Codes are in the order of their numbers", "[trend]") {
  LogCode last = EncodeLog(0);
  CHECK(last > kCodeUnknown);
  for (double value = 0.5; value < kLargest; value *= 1.0003) {
    const LogCode code = EncodeLog(value);
    REQUIRE(code >= last);
    last = code;
  }
  for (LogCode code = kCodeZero; code < UINT16_MAX; ++code) {
    REQUIRE(DecodeLog(code) < DecodeLog(static_cast<LogCode>(code + 1)));
    REQUIRE(EncodeLog(DecodeLog(code)) == code);
  }
}

TEST_CASE("Nothing and the unknown are not the same", "[trend]") {
  CHECK(EncodeLog(0) == kCodeZero);
  CHECK(EncodeLog(0.99) == kCodeZero);
  CHECK(EncodeLog(-5) == kCodeZero);
  CHECK(DecodeLog(kCodeZero) == 0);
  CHECK(EncodeLog(std::numeric_limits<double>::quiet_NaN()) == kCodeUnknown);
  CHECK(std::isnan(DecodeLog(kCodeUnknown)));
}

TEST_CASE("What is too large is the largest", "[trend]") {
  CHECK(DecodeLog(UINT16_MAX) > kLargest);
  CHECK(EncodeLog(1e300) == UINT16_MAX);
  CHECK(EncodeLog(std::numeric_limits<double>::infinity()) == UINT16_MAX);
}

}  // namespace
}  // namespace memleak
