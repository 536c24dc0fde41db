// Writes what the package says about the flags: manual page, completions of the shells, default
// configuration. A program and not a script over --help: the tables know which flags are
// repeatable, what they take and by what name they stand in a file, and --help does not say it all.
//
//   memleak_documents SOURCES OUTPUT VERSION [KEY=VALUE...]
//
// SOURCES has memleak_exporter.1.in and config.yaml.in; KEY=VALUE is what the package sets in the
// configuration.
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/debian/documents/commands.h"
#include "deploy/debian/documents/completions.h"
#include "deploy/debian/documents/default_config.h"
#include "deploy/debian/documents/man_page.h"

namespace memleak {
namespace {

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text;
}

void Write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

void Run(std::span<const char* const> arguments) {
  if (arguments.size() < 3) throw std::runtime_error("needs SOURCES OUTPUT VERSION [KEY=VALUE...]");
  const std::filesystem::path sources = arguments[0];
  const std::filesystem::path output = arguments[1];
  std::map<std::string, std::string> chosen;
  for (const std::string argument : arguments.subspan(3)) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) throw std::runtime_error(argument + " is not KEY=VALUE");
    chosen[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const std::vector<Command> commands = Commands();
  Write(output / "memleak_exporter.1",
        ManPage(Read(sources / "memleak_exporter.1.in"), arguments[2], commands));
  Write(output / "memleak_exporter.bash", BashCompletion(commands));
  Write(output / "_memleak_exporter", ZshCompletion(commands));
  Write(output / "memleak_exporter.fish", FishCompletion(commands));
  Write(output / "config.yaml",
        DefaultConfig(Read(sources / "config.yaml.in"), commands.front().flags, chosen));
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) {
  try {
    memleak::Run(std::span<const char* const>(argv, static_cast<size_t>(argc)).subspan(1));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "memleak_documents: " << error.what() << '\n';
    return 1;
  }
}
