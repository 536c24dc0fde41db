#include "exporter/trend/trend_codec.h"

#include <libdeflate.h>

#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using Kind = TrendKey::Kind;

const std::string kBootId = "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9";
constexpr double kSlot = 60;
constexpr double kNow = 100'000;
constexpr TrendShape kShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};

// Where the parts of a file begin.
constexpr size_t kByteOrder = 8;
constexpr size_t kFormat = 12;
constexpr size_t kLayout = 16;
constexpr size_t kTrendSize = 20;
constexpr size_t kBoot = 24;
constexpr size_t kCount = 60;
constexpr size_t kSlotOffset = 64;
constexpr size_t kUptime = 72;
constexpr size_t kRecords = 80;
constexpr size_t kNameOffset = 3;  // of a record

Trend Grown(double slot = kSlot, int samples = 200) {
  Trend trend(kShape, slot, 1'000);
  for (int i = 0; i < samples; ++i) {
    TrendSample sample;
    sample.time = 1'000 + i * slot / 4;
    sample.resources[0] = {300e6 + i * 1e5, 1e9};
    sample.resources[1] = {5e6, 1e9};
    sample.resources[2] = {40.0 + i % 7, 1'000};
    sample.cpu_seconds = i * 0.5;
    sample.threads = 12;
    trend.Add(sample);
  }
  return trend;
}

std::vector<TrendRecord> Records() {
  return {{{Kind::kProcess, "4711 123456 140722"}, Grown()},
          {{Kind::kGroup, std::string("a\0\n\xff", 4)}, Grown(kSlot, 3)},
          {{Kind::kCgroup, "/" + std::string(kMaxTrendNameBytes - 1, 'x')}, Grown(kSlot, 0)},
          {{Kind::kNode, ""}, Grown()}};
}

std::string Encode(const std::vector<TrendRecord>& records, const TrendsOrigin& origin) {
  TrendEncoder encoder(origin, records.size());
  for (const TrendRecord& record : records) REQUIRE(encoder.Add(record.key, record.trend));
  return std::move(encoder).Finish();
}
std::string Encode(const std::vector<TrendRecord>& records) {
  return Encode(records, {kBootId, kSlot, kNow});
}

DecodeStatus StatusOf(std::string_view bytes) {
  DecodedTrends decoded;
  return DecodeTrends(bytes, decoded);
}

// Ends `bytes` with the checksum that they would have if they had been written so.
std::string Signed(std::string bytes) {
  bytes.resize(bytes.size() - sizeof(uint32_t));
  const uint32_t crc = libdeflate_crc32(0, bytes.data(), bytes.size());
  bytes.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return bytes;
}

template <typename T>
std::string With(std::string bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return Signed(std::move(bytes));
}

TEST_CASE("histories come back as they went") {
  const std::vector<TrendRecord> records = Records();
  const std::string bytes = Encode(records);
  DecodedTrends decoded;
  REQUIRE(DecodeTrends(bytes, decoded) == DecodeStatus::kOk);
  CHECK(decoded.origin == TrendsOrigin{kBootId, kSlot, kNow});
  CHECK(decoded.dropped == 0);
  REQUIRE(decoded.records.size() == records.size());
  for (size_t i = 0; i < records.size(); ++i) CHECK(decoded.records[i].key == records[i].key);
  CHECK(decoded.records[0].trend.last_time() == records[0].trend.last_time());
  const Verdict before = records[0].trend.Judge(0);
  const Verdict after = decoded.records[0].trend.Judge(0);
  CHECK(before.baseline.has_value());
  CHECK(after.baseline == before.baseline);
  CHECK(after.baseline_time == before.baseline_time);
  CHECK(after.state == before.state);
  CHECK(Encode(decoded.records) == bytes);
}

TEST_CASE("a host without histories has a file, too") {
  DecodedTrends decoded;
  CHECK(DecodeTrends(Encode({}), decoded) == DecodeStatus::kOk);
  CHECK(decoded.records.empty());
}

TEST_CASE("a file that ends too early is corrupt") {
  const std::string bytes = Encode(Records());
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (StatusOf(std::string_view{bytes}.substr(0, size)) != DecodeStatus::kCorrupt) FAIL(size);
  }
  // Also where what is left was signed anew.
  for (size_t size = sizeof(uint32_t); size < bytes.size(); ++size) {
    if (StatusOf(Signed(bytes.substr(0, size))) != DecodeStatus::kCorrupt) FAIL(size);
  }
}

TEST_CASE("a file with a wrong bit is corrupt") {
  std::string bytes = Encode({{{Kind::kGroup, "java:api"}, Grown()}});
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto flip = static_cast<char>(1U << bit % 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
    if (StatusOf(bytes) != DecodeStatus::kCorrupt) FAIL(bit);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
  }
  CHECK(StatusOf(bytes) == DecodeStatus::kOk);
}

TEST_CASE("a file with something behind it is corrupt") {
  CHECK(StatusOf(Encode(Records()) + "x") == DecodeStatus::kCorrupt);
  CHECK(StatusOf(Signed(Encode(Records()) + "x")) == DecodeStatus::kCorrupt);
}

TEST_CASE("what is no state file is corrupt") {
  for (const std::string& text :
       {std::string(), std::string("root:x:0:0:\n"), std::string(99, '\0'), std::string(99, '\xff'),
        std::string("memleakT")}) {
    CHECK(StatusOf(text) == DecodeStatus::kCorrupt);
  }
}

TEST_CASE("another version is told from damage") {
  const std::string bytes = Encode(Records());
  CHECK(StatusOf(With(bytes, kFormat, uint32_t{2})) == DecodeStatus::kOtherVersion);
  CHECK(StatusOf(With(bytes, kLayout, Trend::kLayoutVersion + 1)) == DecodeStatus::kOtherVersion);
  CHECK(StatusOf(With(bytes, kTrendSize, static_cast<uint32_t>(sizeof(Trend) + 8))) ==
        DecodeStatus::kOtherVersion);
  CHECK(StatusOf(With(bytes, kByteOrder, uint32_t{0x04030201})) == DecodeStatus::kOtherVersion);
  CHECK(StatusOf(With(bytes, kByteOrder, uint32_t{0x04030202})) == DecodeStatus::kCorrupt);
}

TEST_CASE("a header that cannot be is corrupt") {
  const std::string bytes = Encode(Records());
  CHECK(StatusOf(With(bytes, kBoot, 'G')) == DecodeStatus::kCorrupt);
  for (const uint32_t count : {0U, 3U, 5U, 40'000U, 40'001U, 0xFFFFFFFFU}) {
    INFO(count);
    CHECK(StatusOf(With(bytes, kCount, count)) == DecodeStatus::kCorrupt);
  }
  for (const double time : {-1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    CHECK(StatusOf(With(bytes, kSlotOffset, time)) == DecodeStatus::kCorrupt);
    CHECK(StatusOf(With(bytes, kUptime, time)) == DecodeStatus::kCorrupt);
  }
}

TEST_CASE("a record that cannot be is corrupt") {
  const std::string bytes = Encode(Records());
  CHECK(StatusOf(With(bytes, kRecords, uint8_t{4})) == DecodeStatus::kCorrupt);
  CHECK(StatusOf(With(bytes, kRecords + 1, uint16_t{0xFFFF})) == DecodeStatus::kCorrupt);
  CHECK(StatusOf(With(bytes, kRecords + 1, uint16_t{17})) == DecodeStatus::kCorrupt);

  // A name that could not be written again.
  std::string long_name =
      Encode({{{Kind::kCgroup, std::string(kMaxTrendNameBytes, 'x')}, Grown()}});
  CHECK(StatusOf(long_name) == DecodeStatus::kOk);
  long_name.insert(kRecords + kNameOffset, "x");
  CHECK(StatusOf(With(long_name, kRecords + 1, static_cast<uint16_t>(kMaxTrendNameBytes + 1))) ==
        DecodeStatus::kCorrupt);
}

TEST_CASE("bytes that cannot be a history are dropped, the others are not") {
  std::string bytes = Encode({{{Kind::kGroup, "a"}, Grown()}, {{Kind::kGroup, "b"}, Grown()}});
  for (const char filler : {'\xff', '\x7f', '\x01'}) {
    std::string broken = bytes;
    broken.replace(kRecords + kNameOffset + 1, sizeof(Trend), sizeof(Trend), filler);
    DecodedTrends decoded;
    REQUIRE(DecodeTrends(Signed(broken), decoded) == DecodeStatus::kOk);
    CHECK(decoded.dropped == 1);
    REQUIRE(decoded.records.size() == 1);
    CHECK(decoded.records[0].key.name == "b");
  }
}

TEST_CASE("a history is asked whether it can be one") {
  const std::string bytes = Encode({{{Kind::kGroup, "a"}, Grown()}});
  size_t dropped = 0;
  for (size_t at = 0; at < sizeof(Trend); ++at) {
    DecodedTrends decoded;
    const std::string broken = With(bytes, kRecords + kNameOffset + 1 + at, '\xff');
    REQUIRE(DecodeTrends(broken, decoded) == DecodeStatus::kOk);
    dropped += decoded.dropped;
  }
  // More than its slot and the time of its last sample, which are looked at from outside.
  CHECK(dropped > sizeof(float) + sizeof(double));
}

TEST_CASE("a history of another slot or of the future is dropped") {
  DecodedTrends decoded;
  REQUIRE(DecodeTrends(Encode({{{Kind::kGroup, "a"}, Grown(30)}}), decoded) == DecodeStatus::kOk);
  CHECK(decoded.dropped == 1);
  const Trend trend = Grown();
  REQUIRE(
      DecodeTrends(Encode({{{Kind::kGroup, "a"}, trend}}, {kBootId, kSlot, trend.last_time() - 1}),
                   decoded) == DecodeStatus::kOk);
  CHECK(decoded.dropped == 1);
  CHECK(decoded.records.empty());
}

TEST_CASE("a file is bounded, whatever the host has") {
  const Trend trend = Grown();
  TrendEncoder encoder({kBootId, kSlot, kNow}, 0);
  CHECK_FALSE(encoder.Add({Kind::kGroup, std::string(kMaxTrendNameBytes + 1, 'x')}, trend));
  size_t count = 0;
  while (encoder.Add({Kind::kProcess, std::to_string(count) + " 123456 140722"}, trend)) ++count;
  CHECK(count == kMaxTrendRecords);
  const std::string bytes = std::move(encoder).Finish();
  CHECK(bytes.size() <= kMaxTrendsBytes);
  CHECK(StatusOf(bytes) == DecodeStatus::kOk);

  TrendEncoder long_names({kBootId, kSlot, kNow}, 0);
  const TrendKey key{Kind::kCgroup, std::string(kMaxTrendNameBytes, 'x')};
  for (count = 0; long_names.Add(key, trend);) ++count;
  CHECK(count < kMaxTrendRecords);
  const std::string full = std::move(long_names).Finish();
  CHECK(full.size() <= kMaxTrendsBytes);
  CHECK(StatusOf(full) == DecodeStatus::kOk);
  CHECK(StatusOf(full + std::string(kMaxTrendsBytes, 'x')) == DecodeStatus::kCorrupt);
}

}  // namespace
}  // namespace memleak
