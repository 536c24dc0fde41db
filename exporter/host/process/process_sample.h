// What the host says of one process in one pass. Plain values in a fixed size: filling one
// allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// The memory lines of /proc/PID/status (proc_pid_status(5)), in bytes.
enum class MemoryField : uint8_t {
  kResident,      // VmRSS
  kAnon,          // RssAnon
  kFile,          // RssFile
  kShmem,         // RssShmem
  kSwap,          // VmSwap
  kPeakResident,  // VmHWM
  kVirtual,       // VmSize
  kPageTable,     // VmPTE
  kPeakVirtual,   // VmPeak
  kData,          // VmData
  kStack,         // VmStk
  kExe,           // VmExe
  kLib,           // VmLib
  kLocked,        // VmLck
  kPinned,        // VmPin
};
inline constexpr size_t kMemoryFields = 15;

// Memory figures of which some may be unknown. Unknown is not 0.
class MemoryBytes {
 public:
  void Set(MemoryField field, uint64_t bytes) {
    bytes_[Index(field)] = bytes;
    known_ |= Bit(field);
  }
  bool Has(MemoryField field) const { return (known_ & Bit(field)) != 0; }
  std::optional<uint64_t> Get(MemoryField field) const {
    if (!Has(field)) return std::nullopt;
    return bytes_[Index(field)];
  }
  bool empty() const { return known_ == 0; }

  // Anonymous memory and what of it was swapped out: what leaks.
  std::optional<uint64_t> Footprint() const {
    if (!Has(MemoryField::kAnon) || !Has(MemoryField::kSwap)) return std::nullopt;
    return bytes_[Index(MemoryField::kAnon)] + bytes_[Index(MemoryField::kSwap)];
  }

 private:
  static constexpr size_t Index(MemoryField field) { return static_cast<size_t>(field); }
  static constexpr uint32_t Bit(MemoryField field) { return uint32_t{1} << Index(field); }

  std::array<uint64_t, kMemoryFields> bytes_{};
  uint32_t known_ = 0;
};

// A process's name as the kernel keeps it: 15 bytes, more for kernel threads; any byte but NUL.
class Comm {
 public:
  Comm() = default;
  explicit Comm(std::string_view text) { Assign(text); }
  void Assign(std::string_view text) {
    size_ = static_cast<uint8_t>(text.size() < kMax ? text.size() : kMax);
    for (size_t i = 0; i < size_; ++i) text_[i] = text[i];
  }
  std::string_view view() const { return {text_.data(), size_}; }
  bool operator==(const Comm& other) const { return view() == other.view(); }

 private:
  static constexpr size_t kMax = 63;
  std::array<char, kMax> text_{};
  uint8_t size_ = 0;
};

struct ProcessSample {
  int32_t pid = 0;
  uint64_t start_ticks = 0;  // since boot; with the pid, the identity of a process
  Comm comm;
  char state = '?';
  bool kernel_thread = false;
  uint64_t arg_start = 0;  // address of the arguments: changes at exec; 0 when hidden from us
  uint64_t cpu_ticks = 0;  // user + system, all threads, dead ones included
  uint64_t major_faults = 0;
  uint64_t threads = 0;
  uint64_t cgroup_id = 0;            // inode of its directory (cgroups(7)); 0: not told
  std::optional<uint32_t> uid;       // effective
  MemoryBytes memory;                // empty for kernel threads and zombies
  std::optional<uint64_t> open_fds;  // absent when denied or more than the counting cap
};

}  // namespace memleak
