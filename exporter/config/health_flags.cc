#include "exporter/config/health_flags.h"

#include <string_view>
#include <utility>

#include "exporter/config/command_flag.h"

namespace memleak {

std::vector<Flag> HealthFlagTable(HealthOptions& options) {
  constexpr std::string_view kAll = "Flags";
  std::vector<Flag> table;
  table.push_back(CommandFlag(kAll, "url", "URL", options.url,
                              "whom to ask: an exporter, or its --web.health-address, which wants "
                              "neither password nor certificate",
                              [&options](std::string_view value) {
                                options.url = ParseServerUrl(value, "http://127.0.0.1:10078");
                              }));
  Flag help = CommandFlag(kAll, "help", "", "", "print this and exit", nullptr);
  help.kind = Flag::Kind::kAction;
  help.action = CommandLine::Action::kHealthHelp;
  table.push_back(std::move(help));
  return table;
}

}  // namespace memleak
