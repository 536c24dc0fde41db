#include "exporter/host/evidence/perf_data.h"

namespace memleak {
namespace {

constexpr std::string_view kMagic("\xca\xfe\xc0\xc0", 4);
constexpr uint8_t kMajorVersion = 2;

// The prologue: magic, byte order, version, accessible, used, overflow, time, offset, entries.
constexpr size_t kByteOrderAt = 4;
constexpr size_t kMajorVersionAt = 5;
constexpr size_t kAccessibleAt = 7;
constexpr size_t kUsedAt = 8;
constexpr size_t kEntryOffsetAt = 24;
constexpr size_t kEntryCountAt = 28;
constexpr size_t kPrologueSize = 32;

// An entry: its length, where its name is, how many elements, type, flags, unit, variability, where
// its value is.
constexpr size_t kNameOffsetAt = 4;
constexpr size_t kElementsAt = 8;
constexpr size_t kTypeAt = 12;
constexpr size_t kUnitAt = 14;
constexpr size_t kValueOffsetAt = 16;
constexpr size_t kEntrySize = 20;

// Byte by byte: nothing in the file can be trusted to be aligned.
uint64_t ReadInteger(std::string_view bytes, bool little_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t at = little_endian ? bytes.size() - 1 - i : i;
    value = value << 8 | static_cast<uint8_t>(bytes[at]);
  }
  return value;
}

// `at` + 4 must lie within `bytes`. Java's int: what is negative there is too large here.
uint32_t ReadInt(std::string_view bytes, size_t at, bool little_endian) {
  return static_cast<uint32_t>(ReadInteger(bytes.substr(at, 4), little_endian));
}

// The size of one element, by the letters of Java's class files; 0 for others.
size_t ElementSize(char type) {
  switch (type) {
    case 'B':
    case 'Z':
      return 1;
    case 'C':
    case 'S':
      return 2;
    case 'I':
    case 'F':
      return 4;
    case 'J':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

}  // namespace

std::optional<PerfData> PerfData::Parse(std::string_view file) {
  if (file.size() < kPrologueSize || !file.starts_with(kMagic)) return std::nullopt;
  const auto byte_order = static_cast<uint8_t>(file[kByteOrderAt]);
  if (byte_order > 1 || static_cast<uint8_t>(file[kMajorVersionAt]) != kMajorVersion ||
      file[kAccessibleAt] != 1) {
    return std::nullopt;
  }
  const bool little_endian = byte_order == 1;
  const uint32_t used = ReadInt(file, kUsedAt, little_endian);
  const uint32_t begin = ReadInt(file, kEntryOffsetAt, little_endian);
  if (used > file.size() || begin < kPrologueSize || begin > used) return std::nullopt;

  const PerfData data(file.substr(begin, used - begin), little_endian,
                      ReadInt(file, kEntryCountAt, little_endian));
  // All of them, so that no answer depends on which counter was asked for.
  std::string_view rest = data.entries_;
  for (uint32_t i = 0; i < data.count_; ++i) {
    if (!data.TakeEntry(rest)) return std::nullopt;
  }
  return data;
}

std::optional<PerfData::Entry> PerfData::TakeEntry(std::string_view& rest) const {
  if (rest.size() < kEntrySize) return std::nullopt;
  const uint32_t length = ReadInt(rest, 0, little_endian_);
  if (length < kEntrySize || length > rest.size()) return std::nullopt;
  const std::string_view bytes = rest.substr(0, length);
  rest.remove_prefix(length);

  const uint32_t name_at = ReadInt(bytes, kNameOffsetAt, little_endian_);
  const uint32_t value_at = ReadInt(bytes, kValueOffsetAt, little_endian_);
  if (name_at < kEntrySize || name_at >= length || value_at < kEntrySize || value_at > length) {
    return std::nullopt;
  }
  const size_t name_end = bytes.find('\0', name_at);
  if (name_end == std::string_view::npos) return std::nullopt;

  Entry entry;
  entry.name = bytes.substr(name_at, name_end - name_at);
  entry.elements = ReadInt(bytes, kElementsAt, little_endian_);
  entry.type = bytes[kTypeAt];
  entry.unit = static_cast<Unit>(bytes[kUnitAt]);
  const uint64_t elements = entry.elements == 0 ? 1 : entry.elements;
  const uint64_t size = elements * ElementSize(entry.type);  // 2^32 * 8 at most
  if (size > length - value_at) return std::nullopt;
  entry.value = bytes.substr(value_at, static_cast<size_t>(size));
  return entry;
}

std::optional<PerfData::Entry> PerfData::Find(std::string_view name) const {
  std::string_view rest = entries_;
  for (uint32_t i = 0; i < count_; ++i) {
    auto entry = TakeEntry(rest);
    if (entry && entry->name == name) return entry;
  }
  return std::nullopt;
}

std::optional<uint64_t> PerfData::Number(std::string_view name, Unit unit) const {
  const auto entry = Find(name);
  if (!entry || entry->type != 'J' || entry->elements != 0 || entry->unit != unit) {
    return std::nullopt;
  }
  const uint64_t value = ReadInteger(entry->value, little_endian_);
  if (value > uint64_t{INT64_MAX}) return std::nullopt;
  return value;
}

std::optional<std::string_view> PerfData::Text(std::string_view name) const {
  const auto entry = Find(name);
  if (!entry || entry->type != 'B' || entry->unit != Unit::kString) return std::nullopt;
  return entry->value.substr(0, entry->value.find('\0'));
}

}  // namespace memleak
