// The protection that the web config file asks for now: read again when it or a certificate
// changes.
//
// A thread of its own looks every half second at what the files hold (not at their times: a file
// can be written twice within a clock tick). What it finds twice in a row is used, so that a file
// that is just being written, or a certificate whose key is yet to come, is not. When something is
// wrong, the last good protection stays in force and one error line says why; so it does where TLS
// is switched on or off, which cannot change while ports are open.
//
// A file system that hangs holds up that thread and nothing else, the program's end included.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "exporter/web/protection.h"

namespace memleak {

class LiveProtection {
 public:
  // Reads the file at `path`; an empty path is no protection, for good. Throws as protection.h
  // says.
  explicit LiveProtection(const std::string& path,
                          std::chrono::milliseconds interval = std::chrono::milliseconds(500));
  ~LiveProtection();
  LiveProtection(const LiveProtection&) = delete;
  LiveProtection& operator=(const LiveProtection&) = delete;

  // Never null. Any thread; never waits for a file.
  std::shared_ptr<const Protection> Current() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace memleak
