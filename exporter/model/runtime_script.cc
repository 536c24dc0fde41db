#include "exporter/model/runtime_script.h"

#include <algorithm>
#include <array>

namespace memleak {
namespace {

constexpr size_t kMaxNameBytes = 128;

// How one runtime's command line is read.
struct Runtime {
  std::string_view name;
  // Basenames that start with this belong to it when nothing but a version follows.
  std::span<const std::string_view> executables;
  // Options whose value is the next argument; a name behind them would be the value's.
  std::span<const std::string_view> with_value;
  // Options after which the program is code or nothing at all: there is no name.
  std::span<const std::string_view> no_name;
  // Options whose value is the program: a module, jar or file.
  std::span<const std::string_view> program;
  // One-letter options, which may be bundled ("-uBm"); a bundle ends at one that takes a value.
  std::string_view letters_with_value;    // the rest of the bundle, or the next argument
  std::string_view letters_taking_rest;   // the rest of the bundle only
  std::string_view letters_without_name;  // see no_name
  char letter_program;                    // see program; 0 for none
};

using Names = std::string_view;

constexpr std::array<Names, 1> kJavaExecutables = {"java"};
constexpr std::array<Names, 14> kJavaWithValue = {"-cp",           "-classpath",
                                                  "--class-path",  "-p",
                                                  "--module-path", "--upgrade-module-path",
                                                  "--add-modules", "--limit-modules",
                                                  "--add-exports", "--add-opens",
                                                  "--add-reads",   "--patch-module",
                                                  "--source",      "--enable-native-access"};
constexpr std::array<Names, 3> kJavaProgram = {"-jar", "-m", "--module"};

constexpr std::array<Names, 2> kPythonExecutables = {"python", "pypy"};
constexpr std::array<Names, 1> kPythonWithValue = {"--check-hash-based-pycs"};

constexpr std::array<Names, 2> kNodeExecutables = {"node", "nodejs"};
constexpr std::array<Names, 12> kNodeWithValue = {
    "-r",      "--require",       "--import",     "--loader",   "--experimental-loader",
    "-C",      "--conditions",    "--input-type", "--env-file", "--icu-data-dir",
    "--title", "--openssl-config"};
constexpr std::array<Names, 7> kNodeNoName = {"-e", "--eval", "-p", "--print", "-pe", "-i", "-"};

constexpr std::array<Names, 1> kRubyExecutables = {"ruby"};
constexpr std::array<Names, 3> kRubyWithValue = {"--encoding", "--external-encoding",
                                                 "--internal-encoding"};

constexpr std::array<Names, 1> kPerlExecutables = {"perl"};

constexpr std::array<Names, 1> kPhpExecutables = {"php"};
constexpr std::array<Names, 5> kPhpWithValue = {"--php-ini", "--define", "--zend-extension",
                                                "--docroot", "--process-begin"};
constexpr std::array<Names, 4> kPhpNoName = {"--run", "--server", "--interactive",
                                             "--process-code"};
constexpr std::array<Names, 2> kPhpProgram = {"--file", "--process-file"};

constexpr std::array<Runtime, 6> kRuntimes = {{
    {"java", kJavaExecutables, kJavaWithValue, {}, kJavaProgram, "", "", "", 0},
    {"python", kPythonExecutables, kPythonWithValue, {}, {}, "WXQ", "", "c", 'm'},
    {"node", kNodeExecutables, kNodeWithValue, kNodeNoName, {}, "", "", "", 0},
    {"ruby", kRubyExecutables, kRubyWithValue, {}, {}, "CEIr", "FKTWix", "e", 0},
    {"perl", kPerlExecutables, {}, {}, {}, "I", "CDFMVdimx", "eE", 0},
    {"php", kPhpExecutables, kPhpWithValue, kPhpNoName, kPhpProgram, "Bcdtz", "", "RSar", 'f'},
}};

bool Contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What may follow a runtime's name in its executable's: "3.11" in "python3.11", "8.2" in "php8.2".
// "php-fpm" and "node_exporter" are programs of their own.
bool IsVersion(std::string_view text) {
  return text.empty() || (text.front() >= '0' && text.front() <= '9');
}

const Runtime* FindRuntime(std::string_view name) {
  for (const Runtime& runtime : kRuntimes) {
    if (runtime.name == name) return &runtime;
  }
  return nullptr;
}

// A main class or module keeps its dots and slashes; a path is its basename.
std::string SafeProgram(std::string_view runtime, std::string_view program, bool is_module) {
  const bool is_identifier =
      is_module || (runtime == "java" && !program.ends_with(".java") && !program.starts_with('/'));
  const std::string_view name = is_identifier ? program : Basename(program);
  return IsSafeName(name) ? std::string(name) : std::string();
}

bool Contains(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

// What a bundle of one-letter options does.
struct Bundle {
  enum class Kind { kFlags, kTakesNext, kNoName, kProgram };
  Kind kind = Kind::kFlags;
  std::string_view attached;  // the program, when it follows its letter at once ("-mpip")
};

Bundle ReadBundle(const Runtime& runtime, std::string_view letters) {
  for (size_t i = 0; i < letters.size(); ++i) {
    const char letter = letters[i];
    const std::string_view rest = letters.substr(i + 1);
    if (Contains(runtime.letters_without_name, letter)) return {Bundle::Kind::kNoName, {}};
    if (Contains(runtime.letters_taking_rest, letter)) return {};
    if (letter == runtime.letter_program) return {Bundle::Kind::kProgram, rest};
    if (Contains(runtime.letters_with_value, letter)) {
      return {rest.empty() ? Bundle::Kind::kTakesNext : Bundle::Kind::kFlags, {}};
    }
  }
  return {};
}

}  // namespace

std::string_view Basename(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool IsSafeName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$/:@-";
  return !name.empty() && name.size() <= kMaxNameBytes &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::vector<std::string_view> SplitArguments(std::string_view cmdline, bool truncated) {
  std::vector<std::string_view> arguments;
  while (!cmdline.empty()) {
    const size_t end = cmdline.find('\0');
    if (end == std::string_view::npos) {
      if (!truncated) arguments.push_back(cmdline);
      break;
    }
    arguments.push_back(cmdline.substr(0, end));
    cmdline.remove_prefix(end + 1);
  }
  return arguments;
}

std::string_view RuntimeOf(std::string_view executable_basename) {
  for (const Runtime& runtime : kRuntimes) {
    for (const std::string_view executable : runtime.executables) {
      if (executable_basename.starts_with(executable) &&
          IsVersion(executable_basename.substr(executable.size()))) {
        return runtime.name;
      }
    }
  }
  return {};
}

std::string RuntimeScript(std::string_view runtime_name,
                          std::span<const std::string_view> arguments) {
  const Runtime* runtime = FindRuntime(runtime_name);
  if (runtime == nullptr) return {};
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const std::string_view next = i + 1 < arguments.size() ? arguments[i + 1] : "";
    if (Contains(runtime->no_name, argument) || argument == "-") return {};
    if (argument == "--") return SafeProgram(runtime->name, next, false);
    if (Contains(runtime->program, argument)) {
      const bool is_module = argument == "-m" || argument == "--module";
      return SafeProgram(runtime->name, is_module ? next : Basename(next), is_module);
    }
    if (Contains(runtime->with_value, argument)) {
      ++i;
      continue;
    }
    // Java reads more options from such a file; the program's name may be inside.
    if (runtime->name == "java" && argument.starts_with('@')) continue;
    if (!argument.starts_with('-')) return SafeProgram(runtime->name, argument, false);
    if (argument.starts_with("--")) continue;
    const Bundle bundle = ReadBundle(*runtime, argument.substr(1));
    if (bundle.kind == Bundle::Kind::kNoName) return {};
    if (bundle.kind == Bundle::Kind::kProgram) {
      return SafeProgram(runtime->name, bundle.attached.empty() ? next : bundle.attached,
                         runtime->name == "python");
    }
    if (bundle.kind == Bundle::Kind::kTakesNext) ++i;
  }
  return {};
}

}  // namespace memleak
