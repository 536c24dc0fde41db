// The histories of a host as the bytes of a state file, and back. No I/O; nothing is trusted.
//
// The bytes of a Trend go as they are in memory, so a file is read by the program that wrote it, or
// by one whose Trend has the same layout, on a machine of the same byte order. Every version begins
// with the magic, the byte order mark and the format version, and ends with a CRC-32 of all before:
//
//   magic            8 bytes
//   byte order mark  u32, kByteOrderMark
//   format version   u32
//   layout version   u32, Trend::kLayoutVersion
//   size of a Trend  u32
//   boot id          36 characters
//   count            u32, of records
//   slot, uptime     f64 each, seconds; uptime is when it was written
//   records          kind u8, length of the name u16, name, Trend
//   CRC-32           u32
//
// Times are seconds since boot. A history of another boot is of no use, also that of a group, a
// cgroup or the node: nothing tells how much time lies between the two clocks, and the memory that
// was leaking then is free now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/trend/host_trends.h"
#include "exporter/trend/trend.h"

namespace memleak {

inline constexpr size_t kMaxTrendRecords = 40'000;
inline constexpr size_t kMaxTrendNameBytes = 4'096;
inline constexpr size_t kMaxTrendsBytes = size_t{64} << 20;

// What a file says of itself.
struct TrendsOrigin {
  std::string boot_id;  // IsBootId
  double slot = 0;      // seconds
  double uptime = 0;    // seconds since boot, when it was written

  bool operator==(const TrendsOrigin&) const = default;
};

struct TrendRecord {
  TrendKey key;
  Trend trend;
};

// Encodes in two steps, so that little is done while the histories may not change: Add copies,
// Finish counts and checks.
class TrendEncoder {
 public:
  // `expected` records: memory for them is taken at once.
  TrendEncoder(const TrendsOrigin& origin, size_t expected);

  // False when it was left out: beyond the bounds above.
  bool Add(const TrendKey& key, const Trend& trend);

  std::string Finish() &&;

 private:
  std::string bytes_;
  uint32_t count_ = 0;
};

enum class DecodeStatus : uint8_t { kOk, kCorrupt, kOtherVersion };

struct DecodedTrends {
  TrendsOrigin origin;
  std::vector<TrendRecord> records;
  size_t dropped = 0;  // records that are well formed and hold what no history can be
};

// `decoded` means something only where kOk is returned. kOtherVersion: of another format, layout or
// byte order.
DecodeStatus DecodeTrends(std::string_view bytes, DecodedTrends& decoded);

}  // namespace memleak
