// Parser of a HotSpot performance data file, /tmp/hsperfdata_USER/PID. Pure: no I/O, nothing kept.
//
// A prologue of 32 bytes and entries of a name and a value each, in the byte order of the machine
// that wrote it ("perfMemory.hpp" in OpenJDK's sources; version 2.0, of every Java since 5). The
// JVM writes while others read: what is being written is refused, and every offset is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

class PerfData {
 public:
  // What a counter counts, by its number in the file ("perfData.hpp"); there are others.
  enum class Unit : uint8_t { kBytes = 2, kEvents = 4, kString = 5 };

  // `file` must outlive what is returned. Nothing when it is no such file, of another version, cut
  // off, or not accessible yet.
  static std::optional<PerfData> Parse(std::string_view file);

  // A counter's value. Nothing where there is none of that name, or it is of another type or unit.
  // Those below zero, by which HotSpot means "undefined", are nothing, too.
  std::optional<uint64_t> Number(std::string_view name, Unit unit) const;
  // A text, without the NULs at its end: raw bytes.
  std::optional<std::string_view> Text(std::string_view name) const;

 private:
  // One entry: everything lies within the file.
  struct Entry {
    std::string_view name;
    std::string_view value;  // `value` of at least one element; empty for unknown types
    uint32_t elements = 0;   // 0: a scalar
    char type = 0;
    Unit unit{};
  };

  PerfData(std::string_view entries, bool little_endian, uint32_t count)
      : entries_(entries), little_endian_(little_endian), count_(count) {}

  // Takes the first entry off `rest`.
  std::optional<Entry> TakeEntry(std::string_view& rest) const;
  std::optional<Entry> Find(std::string_view name) const;

  std::string_view entries_;
  bool little_endian_;
  uint32_t count_;
};

}  // namespace memleak
