// Log lines on standard error, one event a line: logfmt or JSON (`--log.format`).
//
// spdlog writes them, log.cc alone includes it. Any thread. Values are quoted and escaped, so a
// hostile name cannot forge a line. Per-process trouble is never logged, it is counted.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "exporter/config/options.h"

namespace memleak {

struct LogField {
  std::string_view key;
  std::string value;
};

// Sets level and format; before it, info and logfmt hold.
void ConfigureLog(LogLevel level, LogFormat format);

// Writes one line: ts (RFC 3339, UTC, milliseconds), level, msg, then the fields in their order.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace memleak
