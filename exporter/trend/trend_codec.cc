#include "exporter/trend/trend_codec.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "exporter/host/boot_id.h"

namespace memleak {
namespace {

static_assert(std::is_trivially_copyable_v<Trend>);

constexpr std::string_view kMagic = "memleakT";
constexpr uint32_t kByteOrderMark = 0x01020304;
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kBootIdBytes = 36;
constexpr size_t kCountOffset = kMagic.size() + 4 * sizeof(uint32_t) + kBootIdBytes;
constexpr size_t kCrcBytes = sizeof(uint32_t);
// A guess, for the memory that is taken beforehand.
constexpr size_t kUsualNameBytes = 64;

uint32_t Crc(std::string_view bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

template <typename T>
void Append(std::string& bytes, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Takes what is there off the front of `bytes`, or says that there is not enough.
bool TakeBytes(std::string_view& bytes, size_t count, std::string_view& taken) {
  if (bytes.size() < count) return false;
  taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return true;
}

template <typename T>
bool Take(std::string_view& bytes, T& value) {
  static_assert(std::is_arithmetic_v<T>);
  std::string_view taken;
  if (!TakeBytes(bytes, sizeof value, taken)) return false;
  std::memcpy(&value, taken.data(), sizeof value);
  return true;
}

Trend TrendOf(std::string_view bytes) {
  std::array<char, sizeof(Trend)> copy{};
  std::memcpy(copy.data(), bytes.data(), copy.size());
  return std::bit_cast<Trend>(copy);
}

// Whether it can be a history that was kept where `origin` says.
bool Belongs(const Trend& trend, const TrendsOrigin& origin) {
  // A history holds its slot as a float.
  return trend.Valid() && static_cast<float>(trend.slot()) == static_cast<float>(origin.slot) &&
         trend.last_time() <= origin.uptime;
}

bool TakeRecord(std::string_view& bytes, DecodedTrends& decoded) {
  uint8_t kind = 0;
  uint16_t length = 0;
  std::string_view name;
  std::string_view trend_bytes;
  if (!Take(bytes, kind) || !Take(bytes, length) || length > kMaxTrendNameBytes ||
      !TakeBytes(bytes, length, name) || !TakeBytes(bytes, sizeof(Trend), trend_bytes) ||
      kind > static_cast<uint8_t>(TrendKey::Kind::kNode)) {
    return false;
  }
  const Trend trend = TrendOf(trend_bytes);
  if (Belongs(trend, decoded.origin)) {
    decoded.records.push_back({{static_cast<TrendKey::Kind>(kind), std::string(name)}, trend});
    // A copy need not take the padding along, and what is written again shall be what was read.
    std::memcpy(&decoded.records.back().trend, trend_bytes.data(), sizeof(Trend));
  } else {
    ++decoded.dropped;
  }
  return true;
}

bool IsTime(double seconds) { return std::isfinite(seconds) && seconds >= 0; }

}  // namespace

TrendEncoder::TrendEncoder(const TrendsOrigin& origin, size_t expected) {
  bytes_.reserve(expected * (sizeof(Trend) + kUsualNameBytes) + 2 * kCountOffset);
  bytes_ += kMagic;
  Append(bytes_, kByteOrderMark);
  Append(bytes_, kFormatVersion);
  Append(bytes_, Trend::kLayoutVersion);
  Append(bytes_, static_cast<uint32_t>(sizeof(Trend)));
  bytes_ += origin.boot_id;
  bytes_.resize(kCountOffset);
  Append(bytes_, count_);
  Append(bytes_, origin.slot);
  Append(bytes_, origin.uptime);
}

bool TrendEncoder::Add(const TrendKey& key, const Trend& trend) {
  const size_t record = sizeof(uint8_t) + sizeof(uint16_t) + key.name.size() + sizeof(Trend);
  if (count_ == kMaxTrendRecords || key.name.size() > kMaxTrendNameBytes ||
      bytes_.size() + record + kCrcBytes > kMaxTrendsBytes) {
    return false;
  }
  Append(bytes_, static_cast<uint8_t>(key.kind));
  Append(bytes_, static_cast<uint16_t>(key.name.size()));
  bytes_ += key.name;
  Append(bytes_, trend);
  ++count_;
  return true;
}

std::string TrendEncoder::Finish() && {
  std::memcpy(bytes_.data() + kCountOffset, &count_, sizeof count_);
  Append(bytes_, Crc(bytes_));
  return std::move(bytes_);
}

DecodeStatus DecodeTrends(std::string_view bytes, DecodedTrends& decoded) {
  decoded = {};
  if (bytes.size() > kMaxTrendsBytes) return DecodeStatus::kCorrupt;
  const std::string_view all = bytes;
  uint32_t order = 0;
  if (!bytes.starts_with(kMagic)) return DecodeStatus::kCorrupt;
  bytes.remove_prefix(kMagic.size());
  if (!Take(bytes, order)) return DecodeStatus::kCorrupt;
  if (order == __builtin_bswap32(kByteOrderMark)) return DecodeStatus::kOtherVersion;
  if (order != kByteOrderMark || bytes.size() < kCrcBytes) return DecodeStatus::kCorrupt;

  uint32_t crc = 0;
  std::memcpy(&crc, bytes.data() + bytes.size() - kCrcBytes, kCrcBytes);
  bytes.remove_suffix(kCrcBytes);
  if (Crc(all.substr(0, all.size() - kCrcBytes)) != crc) return DecodeStatus::kCorrupt;

  uint32_t format = 0;
  uint32_t layout = 0;
  uint32_t trend_bytes = 0;
  if (!Take(bytes, format)) return DecodeStatus::kCorrupt;
  if (format != kFormatVersion) return DecodeStatus::kOtherVersion;
  if (!Take(bytes, layout) || !Take(bytes, trend_bytes)) return DecodeStatus::kCorrupt;
  if (layout != Trend::kLayoutVersion || trend_bytes != sizeof(Trend)) {
    return DecodeStatus::kOtherVersion;
  }

  std::string_view boot_id;
  uint32_t count = 0;
  TrendsOrigin& origin = decoded.origin;
  if (!TakeBytes(bytes, kBootIdBytes, boot_id) || !IsBootId(boot_id) || !Take(bytes, count) ||
      !Take(bytes, origin.slot) || !Take(bytes, origin.uptime) || !IsTime(origin.slot) ||
      !IsTime(origin.uptime) || count > kMaxTrendRecords) {
    return DecodeStatus::kCorrupt;
  }
  origin.boot_id = boot_id;
  // What a count promises is not taken at its word.
  decoded.records.reserve(std::min<size_t>(count, bytes.size() / sizeof(Trend)));
  for (uint32_t i = 0; i < count; ++i) {
    if (!TakeRecord(bytes, decoded)) return DecodeStatus::kCorrupt;
  }
  return bytes.empty() ? DecodeStatus::kOk : DecodeStatus::kCorrupt;
}

}  // namespace memleak
