// One record of /dev/kmsg, as a read returns it (Documentation/ABI/testing/dev-kmsg in the kernel's
// tree): "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,more];TEXT\n KEY=VALUE\n...".
//
// Pure: no I/O, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/host/kernel_log/kernel_message.h"

namespace memleak {

struct KmsgRecord {
  bool kernels_own = false;  // not of user space, which may write into the log what it likes
  uint64_t sequence = 0;     // counts all records since boot
  KernelMessage message;     // whole, or a fragment
};

// The message's text, its \xNN undone, is kept in `text`, whose memory is used again. Nothing when
// it is no record.
std::optional<KmsgRecord> ParseKmsgRecord(std::string_view record, std::string& text);

}  // namespace memleak
