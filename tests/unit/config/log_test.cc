#include "exporter/log.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <thread>

#include "tests/catch.h"

namespace memleak {
namespace {

// What `call` writes to standard error. Leaves the log as it was at the start.
template <typename Call>
std::string Written(Call call) {
  const int file = memfd_create("log", 0);
  const int saved = dup(STDERR_FILENO);
  REQUIRE(file >= 0);
  REQUIRE(saved >= 0);
  dup2(file, STDERR_FILENO);
  call();
  dup2(saved, STDERR_FILENO);
  close(saved);
  ConfigureLog(LogLevel::kInfo, LogFormat::kLogfmt);

  std::string text(1 << 20, '\0');
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  close(file);
  REQUIRE(size >= 0);
  text.resize(static_cast<size_t>(size));
  return text;
}

// `line` with TIME for the time, which is checked for its form.
std::string WithoutTime(std::string line) {
  const size_t begin = line.find("ts") == 0 ? 3 : 7;  // ts= or {"ts":"
  std::string form = line.substr(begin, 24);
  for (char& c : form) {
    if (c >= '0' && c <= '9') c = '0';
  }
  CHECK(form == "0000-00-00T00:00:00.000Z");
  return line.replace(begin, form.size(), "TIME");
}

std::string Line(LogFormat format, LogLevel level, std::string_view message,
                 std::initializer_list<LogField> fields = {}) {
  return WithoutTime(Written([&] {
    ConfigureLog(LogLevel::kDebug, format);
    Log(level, message, fields);
  }));
}

TEST_CASE("a logfmt line has time, level, message and the fields in their order") {
  CHECK(Line(LogFormat::kLogfmt, LogLevel::kInfo, "Listening for scrapes",
             {{"address", "[::1]:10078"}, {"source", "procfs"}}) ==
        "ts=TIME level=info msg=\"Listening for scrapes\" address=[::1]:10078 source=procfs\n");
  CHECK(Line(LogFormat::kLogfmt, LogLevel::kWarn, "Ready") == "ts=TIME level=warn msg=Ready\n");
  CHECK(Line(LogFormat::kLogfmt, LogLevel::kError, "x") == "ts=TIME level=error msg=x\n");
  CHECK(Line(LogFormat::kLogfmt, LogLevel::kDebug, "x") == "ts=TIME level=debug msg=x\n");
}

TEST_CASE("a logfmt value is quoted and escaped where it could be misread") {
  const auto value = [](std::string text) {
    const std::string line =
        Line(LogFormat::kLogfmt, LogLevel::kInfo, "m", {{"v", std::move(text)}});
    const size_t begin = line.find(" v=") + 3;
    return line.substr(begin, line.size() - begin - 1);
  };
  CHECK(value("/proc/1/fd") == "/proc/1/fd");
  CHECK(value("") == "\"\"");
  CHECK(value("a b") == "\"a b\"");
  CHECK(value("a=b") == "\"a=b\"");
  CHECK(value("say \"hi\"") == "\"say \\\"hi\\\"\"");
  CHECK(value("a\\b") == "\"a\\\\b\"");
  CHECK(value("x\nts=1 level=error msg=forged") == "\"x\\nts=1 level=error msg=forged\"");
  CHECK(value("a\tb\rc") == "\"a\\tb\\rc\"");
  CHECK(value("\x1b[31m\x7f") == "\"\\u001b[31m\\u007f\"");
  CHECK(value(std::string("a\0b", 3)) == "\"a\\u0000b\"");
  CHECK(value("größe") == "\"gr\\u00f6\\u00dfe\"");
  CHECK(value("a\xff") == "\"a\\ufffd\"");
  CHECK(value("%v {} {0}") == "\"%v {} {0}\"");
}

TEST_CASE("a JSON line is an object with the same content") {
  CHECK(Line(LogFormat::kJson, LogLevel::kWarn, "Cannot \"read\"\n",
             {{"path", "/a b"}, {"b", "%v"}}) ==
        R"({"ts":"TIME","level":"warn","msg":"Cannot \"read\"\n","path":"/a b","b":"%v"})"
        "\n");
  CHECK(Line(LogFormat::kJson, LogLevel::kInfo, "\xff{}", {{"v", "\xc3\x28\x1b"}}) ==
        R"({"ts":"TIME","level":"info","msg":"\ufffd{}","v":"\ufffd(\u001b"})"
        "\n");
}

TEST_CASE("lines below the level are not written") {
  const auto levels = [](LogLevel level) {
    const std::string text = Written([&] {
      ConfigureLog(level, LogFormat::kLogfmt);
      for (const LogLevel each :
           {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
        Log(each, "x");
      }
    });
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(levels(LogLevel::kDebug) == 4);
  CHECK(levels(LogLevel::kInfo) == 3);
  CHECK(levels(LogLevel::kWarn) == 2);
  CHECK(levels(LogLevel::kError) == 1);
}

TEST_CASE("lines of several threads are not mixed") {
  const std::string text = Written([] {
    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) {
      thread = std::thread([] {
        for (int i = 0; i < 250; ++i) Log(LogLevel::kInfo, "tick", {{"value", "0123456789"}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    REQUIRE(WithoutTime(line) == "ts=TIME level=info msg=tick value=0123456789");
  }
  CHECK(count == 1000);
}

}  // namespace
}  // namespace memleak
