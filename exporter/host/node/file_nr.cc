#include "exporter/host/node/file_nr.h"

#include "exporter/host/text_scan.h"

namespace memleak {

std::optional<FileNr> ParseFileNr(std::string_view text) {
  FileNr files;
  uint64_t unused = 0;  // of those open; always 0 since Linux 2.6
  std::string_view line;
  if (!TakeLine(text, line) || !TakeNumber(line, files.open) || !line.starts_with('\t') ||
      !TakeNumber(line, unused) || !line.starts_with('\t') || !TakeNumber(line, files.max) ||
      !line.empty() || unused > files.open) {
    return std::nullopt;
  }
  files.open -= unused;
  return files;
}

}  // namespace memleak
