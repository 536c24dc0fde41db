#include "exporter/host/kernel_log/kmsg_record.h"

#include <charconv>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// Takes "123," off `text`.
template <typename Integer>
bool TakeHeaderNumber(std::string_view& text, Integer& value) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  if (!TakeNumber(text, value) || text.empty() || text[0] != ',') return false;
  text.remove_prefix(1);
  return true;
}

// The kernel escapes what is not printable ASCII, and the backslash.
void Unescape(std::string_view escaped, std::string& text) {
  text.clear();
  while (!escaped.empty()) {
    const size_t backslash = escaped.find('\\');
    text += escaped.substr(0, backslash);
    if (backslash == std::string_view::npos) return;
    escaped.remove_prefix(backslash);
    unsigned int byte = 0;
    const char* digits = escaped.data() + 2;
    if (escaped.size() >= 4 && escaped[1] == 'x' &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      text += static_cast<char>(byte);
      escaped.remove_prefix(4);
    } else {
      text += '\\';
      escaped.remove_prefix(1);
    }
  }
}

}  // namespace

std::optional<KmsgRecord> ParseKmsgRecord(std::string_view record, std::string& text) {
  KmsgRecord parsed;
  uint32_t priority = 0;
  uint64_t microseconds = 0;
  if (!TakeHeaderNumber(record, priority) || !TakeHeaderNumber(record, parsed.sequence) ||
      !TakeHeaderNumber(record, microseconds)) {
    return std::nullopt;
  }
  // What may stand behind the flags (",caller=T1") is of no use here.
  const size_t header_end = record.find(';');
  if (header_end == std::string_view::npos) return std::nullopt;
  std::string_view flags = record.substr(0, header_end);
  flags = flags.substr(0, flags.find(','));
  record.remove_prefix(header_end + 1);
  parsed.kernels_own = priority >> 3 == 0;
  parsed.message.seconds = static_cast<double>(microseconds) / 1e6;
  // 'c' was a line's first fragment until 4.8, and is a later one since; those were '+'.
  if (flags.find_first_of("c+") != std::string_view::npos) {
    parsed.message.part = KernelMessage::Part::kFragment;
  }
  // A newline in the text is escaped: this one ends it, and dictionary lines follow.
  Unescape(record.substr(0, record.find('\n')), text);
  parsed.message.text = text;
  return parsed;
}

}  // namespace memleak
