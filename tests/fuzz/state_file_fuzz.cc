// The state file: any bytes are decoded or refused; what was decoded can be written and read again,
// and lives on as a history of our own would.
//
// Few random inputs have a right checksum, version and size of a history, and no seed would have
// them for long. So the first byte chooses what the rest is:
//   0  the file
//   1  what stands behind a right header: the count of records and the records
//   2  changes to a right file, three bytes each: where (u16), and what is there instead
#include <libdeflate.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "exporter/trend/trend_codec.h"
#include "tests/fuzz/property.h"

namespace memleak {
namespace {

constexpr double kSlot = 60;
constexpr double kUptime = 1e6;
constexpr size_t kCountOffset = 60;

const TrendsOrigin& Origin() {
  static const TrendsOrigin origin{"0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9", kSlot, kUptime};
  return origin;
}

TrendSample Sample(double time, double step) {
  TrendSample sample;
  sample.time = time;
  sample.resources[0] = {300e6 + step * 1e5, 1e9};
  sample.resources[1] = {5e6, 1e9};
  sample.resources[2] = {40 + std::fmod(step, 7), 1'000};
  sample.cpu_seconds = step;
  sample.threads = 12;
  return sample;
}

constexpr TrendShape kShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};

// Of one that has just begun, one that leaks, and one that started anew.
const std::string& RightFile() {
  static const std::string file = [] {
    TrendEncoder encoder(Origin(), 3);
    for (const int samples : {2, 3'000, 500}) {
      Trend trend(kShape, kSlot, 1'000);
      for (int i = 0; i < samples; ++i) {
        if (samples == 500 && i == 250) trend.Restart(1'000 + i * kSlot / 4);
        trend.Add(Sample(1'000 + i * kSlot / 4, i));
      }
      Require(trend.Valid(), "what was fed is valid");
      Require(encoder.Add({TrendKey::Kind::kGroup, std::to_string(samples)}, trend),
              "there is room");
    }
    return std::move(encoder).Finish();
  }();
  return file;
}

std::string Signed(std::string bytes) {
  const uint32_t crc = libdeflate_crc32(0, bytes.data(), bytes.size());
  bytes.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return bytes;
}

std::string FileOf(std::string_view input) {
  if (input.empty()) return "";
  const auto mode = static_cast<uint8_t>(input[0]);
  input.remove_prefix(1);
  if (mode == 1) {
    // The count is the input's, and what lies between it and the records is a header's.
    const std::string empty = TrendEncoder(Origin(), 0).Finish();
    std::string bytes = empty.substr(0, empty.size() - sizeof(uint32_t));
    const size_t count = std::min(input.size(), sizeof(uint32_t));
    bytes.replace(kCountOffset, count, input.substr(0, count));
    return Signed(bytes.append(input.substr(count)));
  }
  if (mode == 2) {
    std::string bytes = RightFile().substr(0, RightFile().size() - sizeof(uint32_t));
    for (; input.size() >= 3; input.remove_prefix(3)) {
      uint16_t where = 0;
      std::memcpy(&where, input.data(), sizeof where);
      bytes[where % bytes.size()] = input[2];
    }
    return Signed(std::move(bytes));
  }
  return std::string(input);
}

std::string Encode(const DecodedTrends& decoded) {
  TrendEncoder encoder(decoded.origin, decoded.records.size());
  for (const TrendRecord& record : decoded.records) {
    Require(encoder.Add(record.key, record.trend), "what was read can be written");
  }
  return std::move(encoder).Finish();
}

void Judge(const Trend& trend) {
  for (size_t resource = 0; resource < kTrendResources; ++resource) {
    const Verdict verdict = trend.Judge(resource);
    Require(static_cast<size_t>(verdict.state) < std::size(kTrendStateNames), "a state");
    Require(static_cast<size_t>(verdict.pattern) < std::size(kTrendPatternNames), "a pattern");
    Require(static_cast<size_t>(verdict.confidence) < std::size(kConfidenceNames), "a confidence");
    trend.Suspected(resource);
    trend.ExhaustionSeconds(resource);
  }
}

void LiveOn(Trend trend) {
  Judge(trend);
  const double now = trend.last_time();
  for (int i = 1; i < 100; ++i) trend.Add(Sample(now + i * trend.slot() / 4, i));
  Judge(trend);
  trend.Restart(now + 26 * trend.slot());
  trend.NoteSiblings(0.5);
  trend.Add(Sample(now + 1e6 * trend.slot(), 1));
  Judge(trend);
}

}  // namespace
}  // namespace memleak

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string bytes = FileOf(InputText(data, size));
  DecodedTrends decoded;
  if (DecodeTrends(bytes, decoded) != DecodeStatus::kOk) return 0;
  for (const TrendRecord& record : decoded.records) LiveOn(record.trend);

  const std::string again = Encode(decoded);
  Require(decoded.dropped > 0 || again == bytes, "what is written is what was read");
  DecodedTrends second;
  Require(DecodeTrends(again, second) == DecodeStatus::kOk, "what is written can be read");
  Require(second.dropped == 0 && second.records.size() == decoded.records.size(), "all of it");
  Require(Encode(second) == again, "and is stable");
  return 0;
}
