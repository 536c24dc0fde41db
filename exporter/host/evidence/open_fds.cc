#include "exporter/host/evidence/open_fds.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <functional>

#include "exporter/host/directory.h"

namespace memleak {
namespace {

// Beyond what procfs lets a directory's position be: no kernel allows so many descriptors.
constexpr int kPastAll = 0x7fff'fff0;
constexpr int kNone = -1;
// Between the newest numbers may be gaps, but not that many in a process that means no harm.
constexpr int kMaxStretches = 32;
constexpr size_t kCheckTimeEvery = 256;

int ParseNumber(const char* name) {
  const char* end = name + std::strlen(name);
  int number = 0;
  const auto [parsed, error] = std::from_chars(name, end, number);
  return error == std::errc{} && parsed == end && number >= 0 ? number : kNone;
}

class FdDirectory {
 public:
  FdDirectory(int directory, EvidenceDeadline deadline)
      : directory_(directory), deadline_(deadline) {}

  bool late() const { return std::chrono::steady_clock::now() >= deadline_; }

  // Calls `visit(number)` from the number `from` on until it returns false; in ascending order on
  // procfs. Returns 0 or an errno.
  template <typename Visit>
  int ForEachFrom(int from, std::vector<char>& buffer, Visit&& visit) {
    // The first two positions are those of "." and "..".
    if (lseek(directory_, from == 0 ? 0 : from + 2, SEEK_SET) < 0) return errno;
    return ForEachEntry(directory_, buffer, [&](const char* name, uint8_t) {
      const int number = ParseNumber(name);
      return number == kNone || visit(number);
    });
  }

  // Appends the numbers from `from` on and below `end`, at most `most` and until it is late. `all`
  // says whether there are no more.
  int List(int from, int end, size_t most, std::vector<int>& numbers, bool& all) {
    const size_t full = numbers.size() + most;
    all = true;
    return ForEachFrom(from, entries_, [&](int number) {
      if (number >= end) return false;
      if (numbers.size() == full || (numbers.size() % kCheckTimeEvery == 0 && late())) {
        all = false;
        return false;
      }
      numbers.push_back(number);
      return true;
    });
  }

  // The lowest number from `from` on; kNone when there is none.
  int FirstFrom(int from, int& number) {
    number = kNone;
    return ForEachFrom(from, one_entry_, [&](int found) {
      number = found;
      return false;
    });
  }

  // The highest number below `end`; kNone when there is none.
  int LastBelow(int end, int& number) {
    number = kNone;
    for (int low = 0; low < end;) {
      const int middle = low + (end - low) / 2;
      int found = kNone;
      if (const int error = FirstFrom(middle, found); error != 0) return error;
      if (found != kNone && found < middle) return ENOTSUP;
      if (found != kNone && found < end) {
        number = found;
        low = found + 1;
      } else {
        end = middle;
      }
    }
    return 0;
  }

 private:
  const int directory_;
  const EvidenceDeadline deadline_;
  std::vector<char> entries_ = std::vector<char>(32 * 1024);
  std::vector<char> one_entry_ = std::vector<char>(64);
};

// From the highest number downwards, one stretch of numbers after the other: no more are listed
// than are kept. ENOTSUP where positions are no numbers.
int ListFromTheTop(FdDirectory& directory, size_t most, OpenFds& open) {
  open.newest.clear();
  std::vector<int> stretch;
  int end = kPastAll;
  for (int i = 0; i < kMaxStretches && open.newest.size() < most && !directory.late(); ++i) {
    int last = kNone;
    if (const int error = directory.LastBelow(end, last); error != 0) return error;
    if (last == kNone) {
      open.count = open.newest.size();
      return 0;
    }
    const size_t room = most - open.newest.size();
    const int from = std::max(0, last + 1 - static_cast<int>(room));
    stretch.clear();
    bool all = false;
    if (const int error = directory.List(from, end, room, stretch, all); error != 0) return error;
    open.newest.insert(open.newest.end(), stretch.rbegin(), stretch.rend());
    end = from;
  }
  return 0;
}

}  // namespace

int ListNewestFds(int directory, bool live, size_t most, EvidenceDeadline deadline, OpenFds& open) {
  FdDirectory fds(directory, deadline);
  open.newest.clear();
  open.count = 0;
  if (struct stat status{}; live && fstat(directory, &status) == 0 && status.st_size > 0) {
    open.count = static_cast<uint64_t>(status.st_size);
  }

  bool all = false;
  if (open.count > most) {
    const int error = ListFromTheTop(fds, most, open);
    if (error != ENOTSUP) return error;
  }
  if (const int error = fds.List(0, kPastAll, OpenFds::kMaxListed, open.newest, all); error != 0) {
    return error;
  }
  open.count = all ? open.newest.size() : std::max<uint64_t>(open.count, open.newest.size());
  if (!all && live) {
    const int error = ListFromTheTop(fds, most, open);
    if (error != ENOTSUP) return error;
  }
  std::sort(open.newest.begin(), open.newest.end(), std::greater<>());
  if (open.newest.size() > most) open.newest.resize(most);
  return 0;
}

}  // namespace memleak
