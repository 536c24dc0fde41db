// Records of /dev/kmsg and lines of the klog calls: what is printed is read back, and a copy of the
// log tells nothing twice.
#include <cstdio>
#include <string>

#include "exporter/host/kernel_log/klog_calls.h"
#include "exporter/host/kernel_log/klog_line.h"
#include "exporter/host/kernel_log/kmsg_record.h"
#include "tests/fuzz/property.h"

namespace {

using namespace memleak;

// As the kernel does it.
std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c >= ' ' && c < 127 && c != '\\') {
      escaped += c;
      continue;
    }
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned int>(c) & 0xFF);
    escaped += hex;
  }
  return escaped;
}

void ReadTwice(std::string_view log) {
  KlogCalls calls([&](int action, char* buffer, int size) {
    const size_t copied = action == 3 ? std::min(log.size(), static_cast<size_t>(size)) : 0;
    log.copy(buffer, copied);
    return static_cast<int>(copied);
  });
  size_t messages = 0;
  const auto visit = [&](const KernelMessage& message) {
    Require(message.text.find('\n') == std::string_view::npos, "a line is one line");
    ++messages;
  };
  Require(calls.Read(std::nullopt, 1000, visit), "the log is read");
  const size_t first = messages;
  if (first < 1000) {
    calls.Read(std::nullopt, 1000, visit);
    Require(messages == first, "nothing is told twice");
  }
  Require(calls.lost() == 0, "nothing is lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = InputText(data, size);
  std::string text;
  if (const auto record = ParseKmsgRecord(input, text)) {
    Require(record->message.text.size() <= input.size(), "undoing escapes makes no text longer");
    Require(record->message.seconds >= 0, "no time is before boot");
  }
  const std::string printed = "3,77,1500000,-,caller=T1;" + Escape(input) + "\n KEY=value\n";
  const auto record = ParseKmsgRecord(printed, text);
  Require(record && record->kernels_own && record->sequence == 77 &&
              record->message.seconds == 1.5 && record->message.part == KernelMessage::Part::kWhole,
          "a record's header is read back");
  Require(record->message.text == input, "a record's text is read back");

  std::string_view lines = input;
  const std::string_view line = TakeField(lines);
  if (const auto parsed = ParseKlogLine(line)) {
    Require(line.ends_with(parsed->text), "the text is the end of the line");
  }
  for (const char* head : {"<3>[    1.500000] ", "<3>[    1.500000][   T1] "}) {
    const std::string whole = head + std::string(line);
    const auto parsed = ParseKlogLine(whole);
    Require(parsed && parsed->kernels_own && parsed->seconds == 1.5 && parsed->text == line,
            "a line is read back");
  }
  ReadTwice(input);
  return 0;
}
