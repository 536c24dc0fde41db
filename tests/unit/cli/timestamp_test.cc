#include "exporter/cli/timestamp.h"

#include <string>

#include "tests/catch.h"

namespace memleak {
namespace {

// `date -u -d '2026-11-20 14:08:01' +%s`
constexpr double kTime = 1795183681;

TEST_CASE("Unix seconds") {
  CHECK(ParseTimestamp("1795183681") == kTime);
  CHECK(ParseTimestamp("1795183681.25") == kTime + 0.25);
  CHECK(ParseTimestamp("1.795183681e9") == kTime);
  CHECK(ParseTimestamp("+60") == 60);
  CHECK(ParseTimestamp("0") == 0);
  CHECK(ParseTimestamp("-1") == -1);
  CHECK(ParseTimestamp("253402300799") == 253402300799);
}

TEST_CASE("milliseconds, NaN and infinity are no times") {
  for (const char* text : {"1795183681000", "253402300800", "nan", "inf", "-inf", "-1e300"}) {
    INFO(text);
    CHECK(!ParseTimestamp(text));
  }
}

TEST_CASE("ISO 8601") {
  for (const char* text :
       {"2026-11-20T14:08:01Z", "2026-11-20T14:08:01", "2026-11-20 14:08:01",
        "2026-11-20t14:08:01z", "2026-11-20 14:08:01 UTC", "2026-11-20T15:08:01+01:00",
        "2026-11-20T15:08:01+0100", "2026-11-20T15:08:01+01", "2026-11-20T08:38:01-05:30",
        "2026-11-20 14:08:01+00:00"}) {
    INFO(text);
    CHECK(ParseTimestamp(text) == kTime);
  }
  CHECK(ParseTimestamp("2026-11-20T14:08:01.5Z") == kTime + 0.5);
  CHECK(ParseTimestamp("2026-11-20T14:08") == kTime - 1);
  CHECK(ParseTimestamp("1970-01-01T00:00:00Z") == 0);
  CHECK(ParseTimestamp("1969-12-31T23:59:59Z") == -1);
  CHECK(ParseTimestamp("2024-02-29T00:00:00Z") == 1709164800);
  CHECK(ParseTimestamp("2000-02-29T12:00:00Z") == 951825600);
}

TEST_CASE("what date prints") {
  for (const char* text : {"Fri Nov 20 14:08:01 UTC 2026", "Fri 20 Nov 2026 02:08:01 PM UTC",
                           "Fri 20 Nov 14:08:01 GMT 2026", "Fri, 20 Nov 2026 14:08:01 +0000",
                           "Fri Nov 20 15:08:01 CET 2026", "Fri Nov 20 11:08:01 -03 2026",
                           "Fri Nov 20 02:08:01 PM UTC 2026", "Friday, November 20, 2026 14:08:01",
                           "Fri Nov 20 09:08:01 EST 2026"}) {
    INFO(text);
    CHECK(ParseTimestamp(text) == kTime);
  }
  // A day of one digit, as date pads it.
  CHECK(ParseTimestamp("Sun Nov  1 00:00:00 UTC 2026") == 1793491200);
  CHECK(ParseTimestamp("Sun 01 Nov 2026 12:00:00 AM UTC") == 1793491200);
}

TEST_CASE("no times") {
  for (const char* text : {"",
                           " ",
                           "yesterday",
                           "14:08:01",
                           "2026-11-20",
                           "2026-13-20T14:08:01Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-20T24:00:00Z",
                           "2026-11-20T14:60:00Z",
                           "2026-11-20T14:08:01+",
                           "2026-11-20T14:08:01Zebra",
                           "2026-11-20T14:08:01.",
                           "Fri Nov 20 14:08:01 UTC",
                           "Fri Nov 31 14:08:01 UTC 2026",
                           "Fri Nov 20 13:08:01 PM 2026",
                           "Fri Nov Dec 20 14:08:01 2026",
                           "Fri Nov 20 14:08:01 UTC 2026 2027",
                           "Fri Nov 20 14:08:01 UTC CET 2026",
                           "Fr. Nov 20 14:08:01 2026",
                           "-",
                           "+",
                           ":",
                           ",",
                           "20261120T140801Z"}) {
    INFO(text);
    CHECK(!ParseTimestamp(text));
  }
  CHECK(!ParseTimestamp(std::string(100'000, ' ') + "x"));
}

TEST_CASE("times are shown to the minute, in UTC") {
  CHECK(TimestampText(kTime) == "2026-11-20 14:08 UTC");
  CHECK(TimestampText(kTime + 0.999) == "2026-11-20 14:08 UTC");
  CHECK(TimestampText(951868799) == "2000-02-29 23:59 UTC");
  CHECK(TimestampText(-6e10) == "0068-09-03 13:20 UTC");
  // A series that counts from its own start.
  CHECK(TimestampText(7200) == "2.00 h after the start");
}

TEST_CASE("a period names its day once") {
  CHECK(PeriodText(kTime, kTime + 60) == "2026-11-20 14:08 to 14:09 UTC");
  CHECK(PeriodText(kTime, kTime + 86400) == "2026-11-20 14:08 to 2026-11-21 14:08 UTC");
  CHECK(PeriodText(0, 60) == "0 s after the start to 60 s after the start");
}

}  // namespace
}  // namespace memleak
