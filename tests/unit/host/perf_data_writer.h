// Writes performance data files as a JVM of either byte order does, and wrong ones where told to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memleak {

class PerfDataWriter {
 public:
  explicit PerfDataWriter(bool little_endian = true) : little_endian_(little_endian) {}

  void Bytes(std::string_view name, int64_t value) { Number(name, value, 2); }
  void Events(std::string_view name, int64_t value) { Number(name, value, 4); }
  void Number(std::string_view name, int64_t value, uint8_t unit, char type = 'J',
              uint32_t elements = 0) {
    Entry(name, Integer(static_cast<uint64_t>(value), 8), unit, type, elements);
  }
  void Text(std::string_view name, std::string value) {
    value += '\0';
    const auto elements = static_cast<uint32_t>(value.size());
    Entry(name, value, 5, 'B', elements);
  }
  void Entry(std::string_view name, std::string_view value, uint8_t unit, char type,
             uint32_t elements) {
    const size_t value_at = (kEntrySize + name.size() + 1 + 7) / 8 * 8;
    const size_t length = (value_at + value.size() + 3) / 4 * 4;
    std::string entry;
    for (const size_t number : {length, kEntrySize, size_t{elements}}) {
      entry += Integer(number, 4);
    }
    entry += {type, 1, static_cast<char>(unit), 3};
    entry += Integer(value_at, 4);
    entry += name;
    entry.resize(value_at);
    entry += value;
    entry.resize(length);
    entries_ += entry;
    ++count_;
  }

  // The file, with as much room behind the entries.
  std::string File(size_t room = 64) const {
    std::string file("\xca\xfe\xc0\xc0", 4);
    file += {static_cast<char>(little_endian_ ? 1 : 0), 2, 0, 1};
    file += Integer(kPrologueSize + entries_.size(), 4);
    file += Integer(0, 4);   // overflow
    file += Integer(77, 8);  // time stamp
    file += Integer(kPrologueSize, 4);
    file += Integer(count_, 4);
    return file + entries_ + std::string(room, '\0');
  }
  // The same with the four bytes at `at` written over.
  std::string FileWith(size_t at, uint64_t value) const {
    return File().replace(at, 4, Integer(value, 4));
  }

  static constexpr size_t kPrologueSize = 32;
  static constexpr size_t kEntrySize = 20;

 private:
  std::string Integer(uint64_t value, size_t size) const {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) {
      const size_t shift = 8 * (little_endian_ ? i : size - 1 - i);
      bytes += static_cast<char>(value >> shift & 0xff);
    }
    return bytes;
  }

  bool little_endian_;
  std::string entries_;
  size_t count_ = 0;
};

}  // namespace memleak
