#include "exporter/host/kernel_log/oom_lines.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace memleak {
namespace {

// The kernel prints a path as one piece, and cuts pieces to a record's size, which is 1024 bytes
// less what stands before the text.
constexpr size_t kMaxPathBytes = 960;

constexpr std::string_view kDigits = "0123456789";

bool TakeText(std::string_view& text, std::string_view expected) {
  if (text.substr(0, expected.size()) != expected) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool DropEnd(std::string_view& text, std::string_view expected) {
  if (text.size() < expected.size() || text.substr(text.size() - expected.size()) != expected) {
    return false;
  }
  text.remove_suffix(expected.size());
  return true;
}

// A number without blanks or a sign before it.
template <typename Integer>
std::optional<Integer> TakeDigits(std::string_view& text) {
  if (text.empty() || kDigits.find(text[0]) == std::string_view::npos) return std::nullopt;
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<int32_t> TakePid(std::string_view& text) {
  const std::optional<int32_t> pid = TakeDigits<int32_t>(text);
  return pid && *pid > 0 ? pid : std::nullopt;
}

// "123kB"; kB are KiB.
std::optional<uint64_t> TakeKib(std::string_view& text) {
  const std::optional<uint64_t> kib = TakeDigits<uint64_t>(text);
  if (!kib || *kib > UINT64_MAX / 1024 || !TakeText(text, "kB")) return std::nullopt;
  return *kib * 1024;
}

struct Head {
  std::string_view words;
  OomScope scope;
};
constexpr Head kHeads[] = {
    {"Memory cgroup out of memory: ", OomScope::kCgroup},
    {"Out of memory: ", OomScope::kNode},
    {"Out of memory (oom_kill_allocating_task): ", OomScope::kNode},
};

std::optional<OomScope> TakeScope(std::string_view& line) {
  for (const Head& head : kHeads) {
    if (TakeText(line, head.words)) return head.scope;
  }
  return std::nullopt;
}

// Takes all up to the name; RHEL 6 has the user there.
bool TakeKilledBeginning(std::string_view& line, KilledLine& killed) {
  killed.scope = TakeScope(line);
  if (!TakeText(line, "Killed process ")) return false;
  const std::optional<int32_t> pid = TakePid(line);
  if (!pid) return false;
  killed.pid = *pid;
  if (TakeText(line, ", UID ")) {
    killed.uid = TakeDigits<uint32_t>(line);
    if (!killed.uid || !TakeText(line, ",")) return false;
  }
  return TakeText(line, " (");
}

// What follows a name: ") total-vm:4kB, ..." or, on RHEL 7, "), UID 0, total-vm:4kB, ...".
bool TakeKilledEnd(std::string_view line, KilledLine& killed) {
  if (!TakeText(line, ")")) return false;
  if (TakeText(line, ", UID ")) {
    killed.uid = TakeDigits<uint32_t>(line);
    if (!killed.uid || !TakeText(line, ",")) return false;
  }
  if (!TakeText(line, " total-vm:")) return false;
  killed.virtual_memory = TakeKib(line);
  if (!killed.virtual_memory || !TakeText(line, ", anon-rss:")) return false;
  // Longer than a name may be: so far it is no imitation.
  killed.anon = TakeKib(line);
  if (!killed.anon) return false;
  // What else a kernel says, or not, is its own affair.
  if (TakeText(line, ", file-rss:")) killed.file = TakeKib(line);
  if (TakeText(line, ", shmem-rss:")) killed.shmem = TakeKib(line);
  if (TakeText(line, ", UID:")) killed.uid = TakeDigits<uint32_t>(line);
  return true;
}

bool IsPath(std::string_view text) { return !text.empty() && text[0] == '/'; }

// A limit hits what is below it.
bool IsBelow(std::string_view victim, std::string_view limit) {
  if (!IsPath(victim) || !IsPath(limit)) return false;
  if (limit == "/" || victim == limit) return true;
  return TakeText(victim, limit) && IsPath(victim);
}

// Paths that hold the kernel's own words make several readings possible: then none is the answer.
class OnlyReading {
 public:
  void Add(const OomCgroups& reading) {
    if (count_ == 0) reading_ = reading;
    ++count_;
  }
  bool ambiguous() const { return count_ > 1; }
  std::optional<OomCgroups> reading() const {
    if (count_ != 1 || reading_.victim.size() > kMaxPathBytes ||
        reading_.limit.size() > kMaxPathBytes) {
      return std::nullopt;
    }
    return reading_;
  }

 private:
  OomCgroups reading_;
  size_t count_ = 0;
};

// Reads "LIMIT between VICTIM", or the other way round.
void ReadPair(std::string_view pair, std::string_view between, bool victim_first,
              OnlyReading& found) {
  for (size_t at = pair.find(between); at != std::string_view::npos && !found.ambiguous();
       at = pair.find(between, at + 1)) {
    std::string_view victim = pair.substr(0, at);
    std::string_view limit = pair.substr(at + between.size());
    if (!victim_first) std::swap(victim, limit);
    if (IsBelow(victim, limit)) found.Add({victim, limit});
  }
}

// Reads ",global_oom,task_memcg=/a" or ",oom_memcg=/a,task_memcg=/a/b".
void ReadCgroups(std::string_view text, OnlyReading& found) {
  if (TakeText(text, ",global_oom,task_memcg=")) {
    if (IsPath(text)) found.Add({text, {}});
  } else if (TakeText(text, ",oom_memcg=")) {
    ReadPair(text, ",task_memcg=", false, found);
  }
}

// Skips "0-3,8", of CPUs or nodes, and leaves the comma behind it.
bool SkipList(std::string_view& text) {
  const size_t end = text.find_first_not_of("0123456789-,");
  if (end == std::string_view::npos || end == 0 || text[end - 1] != ',') return false;
  text.remove_prefix(end - 1);
  return true;
}

// `text` is all between the constraint's name and the victim's.
std::optional<OomCgroups> FindCgroups(std::string_view text) {
  constexpr std::string_view kMems = ",mems_allowed=";
  if (!TakeText(text, ",nodemask=")) return std::nullopt;
  if (!TakeText(text, "(null)") && !SkipList(text)) return std::nullopt;
  OnlyReading found;
  if (!TakeText(text, ",cpuset=")) {
    ReadCgroups(text, found);  // of a kernel without cpusets
    return found.reading();
  }
  // A cpuset's name holds anything, too.
  for (size_t at = text.find(kMems); at != std::string_view::npos && !found.ambiguous();
       at = text.find(kMems, at + 1)) {
    std::string_view rest = text.substr(at + kMems.size());
    if (SkipList(rest)) ReadCgroups(rest, found);
  }
  return found.reading();
}

}  // namespace

std::optional<KilledLine> ParseKilledLine(std::string_view line) {
  KilledLine killed;
  if (!TakeKilledBeginning(line, killed)) return std::nullopt;
  // From the right: a name may hold what follows a name.
  for (size_t end = line.rfind(')'); end != std::string_view::npos;
       end = end == 0 ? end - 1 : line.rfind(')', end - 1)) {
    if (TakeKilledEnd(line.substr(end), killed)) {
      killed.comm = line.substr(0, end);
      return killed;
    }
  }
  return std::nullopt;
}

bool BeginsKilledLine(std::string_view line) {
  KilledLine killed;
  return TakeKilledBeginning(line, killed);
}

std::optional<ChosenLine> ParseChosenLine(std::string_view line) {
  ChosenLine chosen;
  const std::optional<OomScope> scope = TakeScope(line);
  if (!scope || !TakeText(line, "Kill process ")) return std::nullopt;
  const std::optional<int32_t> pid = TakePid(line);
  if (!pid || !TakeText(line, " (")) return std::nullopt;
  chosen.scope = *scope;
  chosen.pid = *pid;
  const size_t end = line.rfind(") score ");
  if (end != std::string_view::npos) chosen.comm = line.substr(0, end);
  return chosen;
}

std::optional<OomKillLine> ParseOomKillLine(std::string_view line, int32_t pid,
                                            std::string_view comm) {
  if (!TakeText(line, kOomKillLine)) return std::nullopt;
  const size_t last = line.find_last_not_of(kDigits);
  if (last == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(last + 1);
  const std::optional<uint32_t> uid = TakeDigits<uint32_t>(digits);
  if (!uid) return std::nullopt;
  line = line.substr(0, last + 1);
  if (!DropEnd(line, ",uid=") || !DropEnd(line, std::to_string(pid)) || !DropEnd(line, ",pid=") ||
      !DropEnd(line, comm) || !DropEnd(line, ",task=")) {
    return std::nullopt;
  }
  line.remove_prefix(std::min(line.find(','), line.size()));
  return OomKillLine{FindCgroups(line), *uid};
}

std::optional<OomCgroups> ParseTaskInLine(std::string_view line) {
  if (!TakeText(line, kTaskInLine)) return std::nullopt;
  OnlyReading found;
  ReadPair(line, " killed as a result of limit of ", true, found);
  return found.reading();
}

std::optional<std::string_view> ParseTasksInLine(std::string_view line) {
  if (!TakeText(line, kTasksInLine)) return std::nullopt;
  if (!DropEnd(line, " are going to be killed due to memory.oom.group set")) return std::nullopt;
  return IsPath(line) && line.size() <= kMaxPathBytes ? std::optional(line) : std::nullopt;
}

bool IsFirstOomLine(std::string_view line) {
  // A name stands before it.
  constexpr size_t kMaxName = 64;
  constexpr std::string_view kWords = " invoked oom-killer: gfp_mask=";
  return line.substr(0, kMaxName + kWords.size()).find(kWords) != std::string_view::npos;
}

}  // namespace memleak
