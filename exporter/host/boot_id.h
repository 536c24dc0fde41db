// Which boot of the kernel this is: /proc/sys/kernel/random/boot_id (random(4)), the same for all
// containers of a host, another one after each boot.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace memleak {

// A UUID in small letters, as the kernel writes it.
bool IsBootId(std::string_view text);

// Below `procfs`, where the host's proc tree is mounted. Nothing where it cannot be read or is no
// UUID.
std::optional<std::string> ReadBootId(const std::string& procfs);

}  // namespace memleak
