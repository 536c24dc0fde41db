#include "exporter/cli/analyze_text.h"

#include <string>

#include "tests/catch.h"
#include "tests/unit/cli/support.h"

namespace memleak {
namespace {

ReplaySettings WithLimit(double limit) {
  ReplaySettings settings;
  settings.limit = limit;
  return settings;
}

// 400e6 to 600e6 bytes in 60 minutes.
std::string GoldenCsv() {
  std::string csv = "timestamp,value\n";
  for (int i = 0; i <= 60; ++i) {
    csv += std::to_string(1795183681 + i * 60) + ',' +
           std::to_string(400000000 + i * 200000000LL / 60) + '\n';
  }
  return csv;
}

TEST_CASE("the plain arithmetic of bytes") {
  const Replay replay = ReplayOf(GoldenCsv(), WithLimit(8000e6));
  CHECK(PlainArithmetic(replay) ==
        "400 MB to 600 MB in 60 min, 3.33 MB/min; the limit of 8 GB is reached in 37.0 h at that "
        "rate");
  std::string text;
  AppendSummaryText(text, "rss.csv", replay, true);
  CHECK(text.ends_with("\n  plain arithmetic: " + PlainArithmetic(replay) + "\n"));
  CHECK(text.find("rss.csv: ") == 0);
}

TEST_CASE("the plain arithmetic of the same numbers in the KB of ps, which are KiB") {
  const Replay replay = ReplayOf(
      "2026-11-20 14:08:01 RSS: 400000 KB (390 MB)\n2026-11-20 15:08:01 RSS: 600000 KB (585 MB)\n",
      WithLimit(8000e6));
  // 409.6 MB to 614.4 MB.
  CHECK(PlainArithmetic(replay) ==
        "410 MB to 614 MB in 60 min, 3.41 MB/min; the limit of 8 GB is reached in 36.1 h at that "
        "rate");
}

TEST_CASE("the plain arithmetic of what has no end") {
  const auto arithmetic = [](const std::string& rows, const ReplaySettings& settings = {}) {
    return PlainArithmetic(ReplayOf("timestamp,value\n" + rows, settings));
  };
  CHECK(arithmetic("0,4e8\n3600,6e8\n") ==
        "400 MB to 600 MB in 60 min, 3.33 MB/min; no limit is known (--limit sets one)");
  CHECK(arithmetic("0,6e8\n3600,4e8\n", WithLimit(8e9)) ==
        "600 MB to 400 MB in 60 min, -3.33 MB/min; the limit of 8 GB is not reached that way");
  CHECK(arithmetic("0,4e8\n3600,4e8\n", WithLimit(8e9)) ==
        "400 MB to 400 MB in 60 min, 0.00 B/d; the limit of 8 GB is not reached that way");
  CHECK(arithmetic("0,4e8\n3600,9e9\n", WithLimit(8e9)) ==
        "400 MB to 9 GB in 60 min, 2.39 MB/s; the limit of 8 GB is reached");
  CHECK(arithmetic("0,4e8\n") == "400 MB once; a rate takes a second sample, some time later");
  CHECK(arithmetic("0,4e8\n0,5e8\n") ==
        "500 MB once; a rate takes a second sample, some time later");
}

TEST_CASE("the plain arithmetic after a restart is that of the last life") {
  const Replay replay = ReplayOf("900000\n950000\n\n100000\n200000\n", {}, 60);
  CHECK(PlainArithmetic(replay) ==
        "102 MB to 205 MB in 60 s since its last start, 1.71 MB/s; no limit is known (--limit sets "
        "one)");
}

TEST_CASE("the plain arithmetic of descriptors") {
  ReplaySettings settings = WithLimit(1024);
  settings.resource = SeriesResource::kFds;
  const Replay replay = ReplayOf("timestamp,value\n0,40\n3600,52\n", settings);
  CHECK(PlainArithmetic(replay) ==
        "40 to 52 in 60 min, 12.0 descriptors/h; the limit of 1,024 is reached in 3.38 d at that "
        "rate");
}

TEST_CASE("one sample: unknown, and how long to record") {
  const Replay replay = ReplayOf("timestamp,value\n1795183681,4e8\n");
  CHECK(VerdictSentence(replay).find("unknown: record ") == 0);
  std::string text;
  AppendSummaryText(text, "a\nb", replay, false);
  CHECK(text.find("a\\nb: unknown: record ") == 0);
  CHECK(text.find("plain arithmetic: 400 MB once; ") != std::string::npos);
}

TEST_CASE("a leak in words") {
  std::string csv = "timestamp,value,fds\n";
  for (int i = 0; i < 3000; ++i) {
    csv += std::to_string(1795183681 + i * 60) + ',' + std::to_string(314572800 + i * 104858) +
           ",40\n";
  }
  const Replay replay = ReplayOf(csv, WithLimit(1048576000));
  CHECK(VerdictSentence(replay).find(
            "leaking memory (likely): climbs 6.00 MiB/h since 2026-11-20 ") == 0);
  CHECK(VerdictSentence(replay).find(", at its limit in ") != std::string::npos);
  std::string text;
  AppendSummaryText(text, "x", replay, false);
  CHECK(text.find("\n  a leak was suspected from 2026-11-2") != std::string::npos);
  CHECK(text.find(" to the end\n") != std::string::npos);
  CHECK(text.find("\n  ....") != std::string::npos);
  CHECK(text.find(" 300 MiB to 600 MiB, 2026-11-20 14:08 to 2026-11-22 16:07 UTC\n") !=
        std::string::npos);
  std::string backtest;
  AppendBacktestText(backtest, "x", replay, false);
  CHECK(backtest.find("\n  would have alerted from 2026-11-2") != std::string::npos);
}

// Two days of memory and descriptors, with as many connections all the time.
std::string TextOf(int bytes_per_minute, int fds_per_minute) {
  std::string csv = "timestamp,value,fds,connections\n";
  for (int i = 0; i < 3000; ++i) {
    csv += std::to_string(1795183681 + i * 60) + ',' +
           std::to_string(314572800 + i * bytes_per_minute) + ',' +
           std::to_string(40 + i * fds_per_minute) + ",10\n";
  }
  std::string text;
  AppendSummaryText(text, "x", ReplayOf(csv), false);
  return text;
}

TEST_CASE("both that leak are named, memory first") {
  const std::string text = TextOf(104858, 1);
  CHECK(text.find("x: leaking memory (") == 0);
  CHECK(text.find("\n  grew from ") != std::string::npos);
  CHECK(text.find("\n  descriptors climbed from ") != std::string::npos);
  CHECK(text.find(" as well\n") != std::string::npos);
}

TEST_CASE("descriptors that leak are named, and what the memory does beside them") {
  // 0.7 MB a day, which alone says nothing.
  const std::string text = TextOf(500, 1);
  CHECK(text.find("x: leaking descriptors (") == 0);
  CHECK(text.find("\n  descriptors climbed from ") != std::string::npos);
  CHECK(text.find(" as well\n") == std::string::npos);
  CHECK(text.find("\n  memory went from 300 MiB to 301 MiB in 50.0 h\n") != std::string::npos);
}

TEST_CASE("what would not have alerted, in short") {
  std::string text;
  AppendBacktestText(text, "x", ReplayOf(GoldenCsv()), true);
  CHECK(text.find("\n  would not have alerted; plain arithmetic: 400 MB to 600 MB in 60 min, ") !=
        std::string::npos);
}

}  // namespace
}  // namespace memleak
