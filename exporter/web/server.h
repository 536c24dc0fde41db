// The HTTP server: civetweb, its start and stop, and the limits that keep slow clients harmless.
//
// server.cc alone includes civetweb; endpoints.h says what is answered, live_protection.h to whom.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporter/config/options.h"

namespace memleak {

class Scraper;

class WebServer {
 public:
  // Listens on all of options.listen_addresses and health_addresses or on none: throws StartupError
  // with one line (address, reason) when one of them cannot be had, and what protection.h throws
  // for options.config_file. `scraper` must outlive the server.
  WebServer(const Options::Web& options, Scraper& scraper);
  // Turns new requests away, lets running ones finish, stops listening, joins the workers. An idle
  // connection can make it take two seconds.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // The base URLs it really listens on, e.g. "http://127.0.0.1:10078" (https with TLS), ports
  // that were picked included; one for each listen address.
  const std::vector<std::string>& urls() const { return urls_; }
  // The same of options.health_addresses.
  const std::vector<std::string>& health_urls() const { return health_urls_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::vector<std::string> urls_;
  std::vector<std::string> health_urls_;
};

}  // namespace memleak
