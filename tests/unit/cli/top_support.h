// What the tests of `top` share: rows as the API has them, and lines as text.
#pragma once

#include <string>
#include <vector>

#include "exporter/cli/top/documents.h"
#include "exporter/cli/top/frame.h"

namespace memleak {

inline Row LeakingProcess() {
  Row row;
  row.numbers = {{"pid", 4711},
                 {"resident_bytes", 325058560},
                 {"footprint_bytes", 314572800},
                 {"memory_share", 0.031},
                 {"change_bytes", 104857600},
                 {"change_seconds", 7200},
                 {"growth_bytes_per_second", 14563.6},
                 {"exhaustion_seconds", 11520},
                 {"age_seconds", 86400},
                 {"open_fds", 3900},
                 {"max_fds", 1048576},
                 {"suspect", 1},
                 {"cpu_seconds", 90},
                 {"virtual_bytes", 9e12}};
  row.texts = {{"comm", "java"},
               {"group", "java:service.jar"},
               {"user", "app"},
               {"state", "leaking"},
               {"change_since", "baseline"}};
  row.leaks = {"memory"};
  return row;
}

inline Row NewProcess() {
  Row row;
  row.numbers = {{"pid", 12},           {"resident_bytes", 4096},  {"change_bytes", 0},
                 {"change_seconds", 2}, {"known_in_seconds", 480}, {"age_seconds", 3},
                 {"suspect", 0},        {"kernel_thread", 0}};
  row.texts = {
      {"comm", "sh"}, {"group", "sh"}, {"state", "unknown"}, {"change_since", "first-sight"}};
  return row;
}

inline std::vector<std::string> TextsOf(const std::vector<TextLine>& lines) {
  std::vector<std::string> texts;
  for (const TextLine& line : lines) {
    std::string text = line.Text();
    text.erase(text.find_last_not_of(' ') + 1);
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace memleak
