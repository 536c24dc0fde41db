#include "exporter/host/kernel_log/klog_calls.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "exporter/host/kernel_log/klog_line.h"
#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// syslog(2); no header has the names.
constexpr int kReadAll = 3;      // SYSLOG_ACTION_READ_ALL
constexpr int kSizeBuffer = 10;  // SYSLOG_ACTION_SIZE_BUFFER
// More than a record of the longest text and many lines, each with its time, is printed as.
constexpr size_t kMaxRecordBytes = 64 * 1024;

}  // namespace

KlogCalls::KlogCalls(Call call) : call_(std::move(call)) {}

// The kernel asks for the same privilege as for the copy.
bool KlogCalls::Probe() const { return call_(kSizeBuffer, nullptr, 0) >= 0; }

bool KlogCalls::Copy() {
  const int ring = call_(kSizeBuffer, nullptr, 0);
  if (ring < 0) return false;
  // The ring holds neither the times nor the priorities that stand before each line.
  size_t size = std::max(buffer_.size(), 2 * static_cast<size_t>(ring) + kMaxRecordBytes);
  for (;;) {
    size = std::min(size, kMaxBytes);
    if (buffer_.size() < size) buffer_.resize(size);
    const int got = call_(kReadAll, buffer_.data(), static_cast<int>(buffer_.size()));
    if (got < 0) return false;
    size_ = std::min(static_cast<size_t>(got), buffer_.size());
    // Of what does not fit the oldest is left out.
    if (buffer_.size() - size_ >= kMaxRecordBytes || buffer_.size() >= kMaxBytes) return true;
    size = 2 * buffer_.size();
  }
}

bool KlogCalls::Read(const std::optional<uint64_t>& kills, size_t max_lines,
                     const std::function<void(const KernelMessage&)>& visit) {
  const bool changed = !kills || kills != kills_;
  if (!changed && !look_again_) return true;
  if (!Copy()) return false;
  kills_ = kills;
  look_again_ = changed;

  std::string_view text(buffer_.data(), size_);
  std::string_view line;
  seen_.Begin();
  while (TakeLine(text, line)) seen_.Add(line);
  const size_t known = seen_.Compare();
  if (known == 0 && seen_.any()) ++lost_;

  text = {buffer_.data(), size_};
  size_t number = 0;
  for (; number - std::min(number, known) < max_lines && TakeLine(text, line); ++number) {
    if (number < known) continue;
    const std::optional<KlogLine> parsed = ParseKlogLine(line);
    if (!parsed || !parsed->kernels_own) continue;
    visit({parsed->seconds.value_or(0), parsed->text, KernelMessage::Part::kLine});
  }
  // What is left waits for the next pass.
  if (!text.empty()) look_again_ = true;
  seen_.End(number);
  return true;
}

}  // namespace memleak
