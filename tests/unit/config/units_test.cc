#include "exporter/config/units.h"

#include <chrono>
#include <cstdint>
#include <string>

#include "tests/catch.h"
#include "tests/unit/config/support.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

std::string SizeError(const std::string& text) {
  return MessageOf<UsageError>([&] { ParseSize(text); });
}

std::string DurationError(const std::string& text) {
  return MessageOf<UsageError>([&] { ParseDuration(text); });
}

TEST_CASE("a size is a number with a unit of 1024 or 1000, or plain bytes") {
  CHECK(ParseSize("0") == 0);
  CHECK(ParseSize("4096") == 4096);
  CHECK(ParseSize("4096B") == 4096);
  CHECK(ParseSize("1KiB") == 1024);
  CHECK(ParseSize("16MiB") == 16777216);
  CHECK(ParseSize("2GiB") == 2147483648);
  CHECK(ParseSize("1kB") == 1000);
  CHECK(ParseSize("1MB") == 1000000);
  CHECK(ParseSize("1GB") == 1000000000);
  CHECK(ParseSize("007KiB") == 7168);
}

TEST_CASE("a size may have decimals where it has a unit") {
  CHECK(ParseSize("1.5GiB") == 1610612736);
  CHECK(ParseSize("0.1kB") == 100);
  CHECK(ParseSize("0.1GiB") == 107374182);  // 107374182.4
  CHECK(ParseSize("0.123456789GB") == 123456789);
}

TEST_CASE("a size may be as large as a signed number of bytes") {
  CHECK(ParseSize("9223372036854775807") == INT64_MAX);
  CHECK(ParseSize("8589934591.999999999GiB") < uint64_t{1} << 63);
}

TEST_CASE("a size that is too large is refused, not wrapped around") {
  for (const char* text :
       {"9223372036854775808", "8589934592GiB", "18446744073709551616", "18446744073709551617",
        "99999999999999999999999999999999999999GiB", "9223372036.9GB"}) {
    INFO(text);
    CHECK(SizeError(text) ==
          '"' + std::string(text) + "\" is too large a size; use less than 8589934592GiB");
  }
}

TEST_CASE("what is no size is refused with the units that are accepted") {
  for (const char* text : {"",         " ",      "12XB",   "MiB",     "-1MiB",
                           "+1MiB",    "16 MiB", " 16MiB", "16MiB ",  "16MiBs",
                           "16mib",    "16MIB",  "16M",    "16K",     "16KB",
                           "1TiB",     ".5GiB",  "1.GiB",  "1..5GiB", "1.5",
                           "1.5B",     "1,5GiB", "0x10",   "1e3",     "1.0123456789GiB",
                           "1MiB1KiB", "nan",    "inf"}) {
    INFO(text);
    CHECK(SizeError(text) == '"' + std::string(text) +
                                 "\" is not a size; use a number with KiB, MiB, GiB, kB, MB or GB");
  }
}

TEST_CASE("a duration is a number with a unit, or several from large to small") {
  CHECK(ParseDuration("250ms") == milliseconds(250));
  CHECK(ParseDuration("30s") == milliseconds(30'000));
  CHECK(ParseDuration("2m") == milliseconds(120'000));
  CHECK(ParseDuration("1h") == milliseconds(3'600'000));
  CHECK(ParseDuration("7d") == milliseconds(604'800'000));
  CHECK(ParseDuration("1h30m") == milliseconds(5'400'000));
  CHECK(ParseDuration("1d2h3m4s5ms") == milliseconds(93'784'005));
  CHECK(ParseDuration("1.5h") == milliseconds(5'400'000));
  CHECK(ParseDuration("0.25s") == milliseconds(250));
  CHECK(ParseDuration("0s") == milliseconds(0));
  CHECK(ParseDuration("36500d") == milliseconds(3'153'600'000'000));
}

TEST_CASE("zero needs no unit to be a duration") { CHECK(ParseDuration("0") == milliseconds(0)); }

TEST_CASE("a duration that is too long is refused, not wrapped around") {
  for (const char* text : {"36501d", "36500d1ms", "99999999999999999999999s",
                           "18446744073709551617ms", "36500d876000h", "36500.1d"}) {
    INFO(text);
    CHECK(DurationError(text) ==
          '"' + std::string(text) + "\" is too long a duration; use at most 36500d");
  }
}

TEST_CASE("what is no duration is refused with the units that are accepted") {
  for (const char* text :
       {"",     " ",  "30",    "00",   "-5s",  "+5s",    "5 s",   "5s ", "s",  "5x",
        "5sec", "5S", "30m1h", "1h1h", "1h30", "1h-30m", "0.5ms", "1.s", "1y", "1us"}) {
    INFO(text);
    CHECK(DurationError(text) ==
          '"' + std::string(text) +
              "\" is not a duration; use a number with ms, s, m, h or d, like 30s or 1h30m");
  }
}

TEST_CASE("a unit holds no part of another text") {
  CHECK(SizeError(std::string("1MiB\0", 5)).find("\"1MiB\\x00\" is not a size") == 0);
  CHECK(DurationError(std::string("1s\0", 3)).find("\"1s\\x00\" is not a duration") == 0);
}

}  // namespace
}  // namespace memleak
