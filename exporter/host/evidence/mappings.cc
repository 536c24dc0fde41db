#include "exporter/host/evidence/mappings.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "exporter/host/evidence/smaps.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

// The kernel takes the mmap lock once for each read and fills a page with mappings, more where we
// ask for more and it has the room. Whoever maps or unmaps in the process waits meanwhile.
constexpr size_t kPieceBytes = 4096;

EvidenceResult ResultOfErrno() { return EvidenceResultOf(StatusOfErrno(errno)); }

ssize_t ReadPiece(const UniqueFd& file, char* to, size_t size) {
  for (;;) {
    const ssize_t got = read(file.get(), to, size);
    if (got >= 0 || errno != EINTR) return got;
  }
}

// Blocks where the process makes it block: that is what the helper threads are for.
UniqueFd Open(int process, const char* name) {
  return UniqueFd(openat(process, name, O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

}  // namespace

EvidenceResult ReadMappings(int process, EvidenceDeadline deadline, Mappings& mappings,
                            LargestRegions* largest) {
  // Both are tied to the memory that the process has when they are opened. When it is given up, at
  // the end or for another program, smaps ends as if there were no more, wherever it was; maps,
  // opened before it, then is empty.
  const UniqueFd maps = Open(process, "maps");
  if (!maps) return ResultOfErrno();
  const UniqueFd smaps = Open(process, "smaps");
  if (!smaps) return ResultOfErrno();

  SmapsParser parser(largest);
  std::array<char, kPieceBytes> piece{};
  for (size_t size = 0;;) {
    if (size >= Mappings::kMaxBytes || std::chrono::steady_clock::now() >= deadline) {
      return EvidenceResult::kCut;
    }
    const ssize_t got = ReadPiece(smaps, piece.data(), piece.size());
    if (got < 0) return ResultOfErrno();
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (!parser.Add({piece.data(), static_cast<size_t>(got)})) return EvidenceResult::kMalformed;
  }

  const ssize_t still_there = ReadPiece(maps, piece.data(), 1);
  if (still_there < 0) return ResultOfErrno();
  if (still_there == 0) return EvidenceResult::kGone;
  if (!parser.Finish()) return EvidenceResult::kMalformed;
  if (parser.mappings().count == 0) return EvidenceResult::kGone;
  mappings = parser.mappings();
  return EvidenceResult::kOk;
}

}  // namespace memleak
