#include "exporter/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace memleak {
namespace {

using Json = nlohmann::ordered_json;

// The sink writes the time, which it takes in one place for both formats; the rest comes from us.
constexpr const char* kLogfmtPattern = "ts=%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* kJsonPattern = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v)";

std::shared_ptr<spdlog::logger> MakeLogger(const char* pattern) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::trace);  // the level is ours
  return logger;
}

struct State {
  std::shared_ptr<spdlog::logger> logfmt = MakeLogger(kLogfmtPattern);
  std::shared_ptr<spdlog::logger> json = MakeLogger(kJsonPattern);
  std::atomic<LogLevel> level = LogLevel::kInfo;
  std::atomic<LogFormat> format = LogFormat::kLogfmt;
};

// Never destroyed: a thread may log while the program exits.
State& TheState() {
  static State& state = *new State;
  return state;
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      break;
  }
  return "error";
}

// Plain ASCII: what is invalid UTF-8 becomes \ufffd, and nothing can steer a terminal.
std::string Dump(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

void AppendLogfmt(std::string& line, std::string_view key, std::string_view value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
  if (!line.empty()) line += ' ';
  line += key;
  line += '=';
  line += plain ? std::string(value) : Dump(value);  // readers of logfmt know JSON's escapes
}

std::string LogfmtLine(LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string line;
  AppendLogfmt(line, "level", LevelName(level));
  AppendLogfmt(line, "msg", message);
  for (const LogField& field : fields) AppendLogfmt(line, field.key, field.value);
  return line;
}

std::string JsonLine(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
  Json object{{"level", LevelName(level)}, {"msg", message}};
  for (const LogField& field : fields) object[std::string(field.key)] = field.value;
  return Dump(object).substr(1);  // the pattern has opened the object
}

void Write(spdlog::logger& logger, const std::string& line) {
  logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void ConfigureLog(LogLevel level, LogFormat format) {
  TheState().level = level;
  TheState().format = format;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  State& state = TheState();
  if (level < state.level.load()) return;
  if (state.format.load() == LogFormat::kJson) {
    Write(*state.json, JsonLine(level, message, fields));
  } else {
    Write(*state.logfmt, LogfmtLine(level, message, fields));
  }
}

}  // namespace memleak
