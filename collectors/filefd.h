// Collector `filefd`: open files of the whole node, memleak_node_open_files.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeFilefdCollector();

inline constexpr CollectorInfo kFilefdCollector = {
    .name = "filefd",
    .help = "open files of the whole node, from /proc/sys/fs/file-nr",
    .enabled_by_default = true,
    .needs = {.node = {.file_nr = true}},
    .make = MakeFilefdCollector,
};

}  // namespace memleak
