#include "exporter/web/server.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/config/errors.h"
#include "exporter/log.h"
#include "exporter/web/endpoints.h"
#include "exporter/web/listen_address.h"
#include "exporter/web/live_protection.h"
#include "exporter/web/response_head.h"
#include "exporter/web/tls_server.h"
#include "exporter/web/tls_shim.h"

namespace memleak {
namespace {

using std::chrono::steady_clock;

// How civetweb treats connections (1.15 and 1.16, read in its source and tried): one worker thread
// serves one connection from its first byte to its close, idle kept-alive time included. What
// bounds the time that a client can hold a worker:
// - A request's header must be whole within the request timeout, counted from when its worker began
//   to wait for it. That is looked at after each read, and a read waits as long again: a client
//   that sends a byte a second is cut after 5 s, one that times its last byte well after 10 s.
// - A kept-alive connection is closed after as long without a next request.
// - A write that makes no progress for 6 s is given up. Any progress starts that clock anew, so
//   Send has a deadline for the whole response: a client that never reads is cut after 8 s, one
//   that reads a little now and then after 16 s at most.
// - A TLS handshake is given up after 101 looks at what came, at most 50 ms apart: 5 s.
// - A request's body is never read: civetweb would wait for it a byte at a time without any limit.
//   A connection that announces a body is closed after its response.
constexpr const char* kRequestTimeoutMs = "5000";
constexpr std::chrono::seconds kSendTimeout{10};

// Workers beyond `max_requests`: with the default of 40, 200 connections that dawdle still leave 16
// to answer others at once. A worker costs 16 KiB of memory, 40 KiB once it has served a scrape.
constexpr int kSpareWorkers = 176;

// civetweb's workers have 100 KiB of stack, fixed when Debian builds it: nothing that runs in a
// request may keep more than a few KiB there.

// How much is handed to civetweb at once: little enough that one write ends or stalls, so that the
// deadline is looked at.
constexpr size_t kSendChunk = 16'384;

// The values of all headers called `name` (in lower case), as one list (RFC 9110, section 5.3).
std::string HeaderList(const mg_request_info& info, std::string_view name) {
  const auto equal = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  std::string values;
  for (int i = 0; i < info.num_headers; ++i) {
    const mg_header& header = info.http_headers[i];
    const std::string_view found = header.name;
    if (!std::equal(found.begin(), found.end(), name.begin(), name.end(), equal)) continue;
    if (!values.empty()) values += ", ";
    values += header.value;
  }
  return values;
}

std::string_view OrEmpty(const char* text) { return text != nullptr ? text : std::string_view(); }

// Whether the client lets this connection be reused, as civetweb decides it, and announces no body.
bool ClientKeepsAlive(const mg_request_info& info) {
  if (info.content_length > 0 || !HeaderList(info, "transfer-encoding").empty()) return false;
  const std::string connection = HeaderList(info, "connection");
  if (connection.empty()) return OrEmpty(info.http_version) == "1.1";
  return connection == "keep-alive" || connection == "Keep-Alive";
}

bool Send(mg_connection* connection, std::string_view data, steady_clock::time_point deadline) {
  while (!data.empty()) {
    const size_t size = std::min(data.size(), kSendChunk);
    if (steady_clock::now() > deadline) return false;
    if (mg_write(connection, data.data(), size) != static_cast<int>(size)) return false;
    data.remove_prefix(size);
  }
  return true;
}

void SendResponse(mg_connection* connection, const HttpResponse& response,
                  const std::vector<WebConfig::Header>& extra, bool with_body, bool keep_alive) {
  const std::string head = ResponseHead(
      response, mg_get_response_code_text(connection, response.status), extra, keep_alive);
  const auto deadline = steady_clock::now() + kSendTimeout;
  const bool sent =
      Send(connection, head, deadline) && (!with_body || Send(connection, response.body, deadline));
  if (!sent || !keep_alive) mg_disable_connection_keep_alive(connection);
}

}  // namespace

struct WebServer::State {
  State(const Options::Web& options, Scraper& scraper)
      : endpoints(options, scraper),
        workers(options.max_requests + kSpareWorkers),
        protection(options.config_file) {
    if (protection.Current()->tls != nullptr) {
      LoadTlsShim();
      tls.emplace([this] { return protection.Current()->tls; });
    }
    const unsigned wanted = tls ? MG_FEATURES_TLS : MG_FEATURES_DEFAULT;
    if ((mg_init_library(wanted) & wanted) != wanted) {
      mg_exit_library();
      throw StartupError("cannot serve TLS: civetweb does not find OpenSSL 3 on this system");
    }
  }
  ~State() {
    if (context != nullptr) {
      Drain();
      Stop();
    }
    mg_exit_library();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Of the server that a connection belongs to.
  static State& Of(const mg_connection* connection) {
    return *static_cast<State*>(mg_get_user_data(mg_get_context(connection)));
  }

  // What civetweb calls. It is C: nothing may be thrown through it.
  static int OnRequest(mg_connection* connection) noexcept;
  static int OnHttpError(mg_connection* connection, int status, const char* message) noexcept;
  static int OnMessage(const mg_connection* connection, const char* message) noexcept;
  static int OnSslContext(void** context, void* state) noexcept;
  static int OnOpen(const mg_connection* connection, void** data) noexcept;
  static void OnClose(const mg_connection* connection) noexcept;

  class Running;
  void Serve(mg_connection* connection);
  // Whether a request came by an address for probes, which nothing protects.
  bool IsForProbes(const mg_request_info& info);
  // A kept-alive connection holds a worker while it waits. Where many are open, each is closed
  // after its response instead, or clients that ask now and then could hold all workers for good.
  bool ManyConnections() const { return connections + (tls ? tls->handshakes() : 0) > workers / 2; }
  void Drain();
  void Stop();

  Endpoints endpoints;
  const int workers;
  const LiveProtection protection;
  std::optional<TlsServer> tls;     // none: plain HTTP
  std::atomic<int> connections{0};  // whose handshake, if any, is done
  std::vector<ListenAddress> addresses;
  mg_context* context = nullptr;

  std::mutex mutex;  // guards what follows
  std::condition_variable idle;
  int running = 0;  // requests
  bool draining = false;
  bool started = false;
  std::vector<int> probe_ports;
  std::vector<std::string> start_messages;  // what civetweb said before it had started
};

// Counts a request as running while it lives.
class WebServer::State::Running {
 public:
  explicit Running(State& state) : state_(state) {
    const std::lock_guard lock(state_.mutex);
    ++state_.running;
    turned_away_ = state_.draining;
  }
  ~Running() {
    const std::lock_guard lock(state_.mutex);
    if (--state_.running == 0) state_.idle.notify_all();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // The server is about to stop.
  bool turned_away() const { return turned_away_; }

 private:
  State& state_;
  bool turned_away_ = false;
};

namespace {

// "cannot listen on ADDRESS: REASON" for each address that civetweb complained about as in
// "cannot bind to 127.0.0.1:9100: 98 (Address already in use)"; anything else as it was said.
std::string StartFailure(const std::vector<ListenAddress>& addresses,
                         const std::vector<std::string>& messages, std::string_view summary) {
  std::string failure;
  for (const std::string& message : messages) {
    for (const ListenAddress& address : addresses) {
      const std::string mark = " " + address.PortSpec() + ": ";
      const size_t at = message.find(mark);
      const size_t open = message.rfind('(');
      if (at == std::string::npos || open == std::string::npos || message.back() != ')') continue;
      std::string reason = message.substr(open + 1, message.size() - open - 2);
      if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z') {
        reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
      }
      failure += (failure.empty() ? "cannot listen on " : "; ") + address.text + ": " + reason;
      break;
    }
  }
  if (!failure.empty()) return failure;
  failure = "cannot start the HTTP server: " + std::string(summary);
  for (const std::string& message : messages) failure += "; " + message;
  return failure;
}

// A request is known by the port that it came to. `probes`: where the addresses for probes begin,
// the last of which is looked at.
void CheckPortOfProbes(const std::vector<ListenAddress>& addresses, size_t probes) {
  const ListenAddress& last = addresses.back();
  for (size_t i = 0; i < probes; ++i) {
    if (last.port != 0 && last.port == addresses[i].port) {
      throw StartupError("--web.health-address: " + last.text +
                         " needs a port of its own; that one is in --web.listen-address");
    }
  }
}

}  // namespace

// mg_stop would cut responses short. Waits no longer than a response may take; a scrape that takes
// longer still is waited for by mg_stop, and then not sent.
void WebServer::State::Drain() {
  std::unique_lock lock(mutex);
  draining = true;
  idle.wait_for(lock, kSendTimeout, [this] { return running == 0; });
}

// civetweb looks whether to stop only every two seconds, unless someone comes: so knock.
void WebServer::State::Stop() {
  const std::jthread knocker([this](const std::stop_token& stopped) {
    while (!stopped.stop_requested()) {
      addresses.front().Knock();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  mg_stop(context);
}

bool WebServer::State::IsForProbes(const mg_request_info& info) {
  const std::lock_guard lock(mutex);
  return std::find(probe_ports.begin(), probe_ports.end(), info.server_port) != probe_ports.end();
}

void WebServer::State::Serve(mg_connection* connection) {
  const Running running_request(*this);
  const std::shared_ptr<const Protection> protecting = protection.Current();
  const mg_request_info& info = *mg_get_request_info(connection);
  const std::string_view method = OrEmpty(info.request_method);
  const std::string accept = HeaderList(info, "accept");
  const std::string accept_encoding = HeaderList(info, "accept-encoding");
  const std::string if_none_match = HeaderList(info, "if-none-match");

  const bool for_probes = IsForProbes(info);
  HttpResponse response;
  if (running_request.turned_away()) {
    response = TextResponse(503, "stopping");
  } else {
    try {
      std::optional<HttpResponse> refusal;
      if (!for_probes) {
        refusal = Refusal(*protecting, HeaderList(info, "authorization"), info.remote_addr);
      }
      response = refusal ? std::move(*refusal)
                         : endpoints.Answer({.method = method,
                                             .path = OrEmpty(info.local_uri),
                                             .query = OrEmpty(info.query_string),
                                             .accept = accept,
                                             .accept_encoding = accept_encoding,
                                             .if_none_match = if_none_match,
                                             .health_only = for_probes});
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "request failed", {{"error", error.what()}});
      response = TextResponse(500, "internal error, see the log");
    }
  }
  const bool keep_alive =
      !running_request.turned_away() && ClientKeepsAlive(info) && !ManyConnections();
  SendResponse(connection, response, protecting->headers, method != "HEAD", keep_alive);
}

int WebServer::State::OnRequest(mg_connection* connection) noexcept {
  try {
    Of(connection).Serve(connection);
  } catch (...) {  // out of memory: there is nothing left to answer with
    mg_disable_connection_keep_alive(connection);
  }
  return 1;  // handled: civetweb shall not look for a file
}

// What civetweb refuses itself: a header that is malformed, too long or too slow, another version
// of the protocol. It closes the connection afterwards.
int WebServer::State::OnHttpError(mg_connection* connection, int status,
                                  const char* message) noexcept {
  try {
    const auto protecting = Of(connection).protection.Current();
    SendResponse(connection, TextResponse(status, message), protecting->headers, true, false);
  } catch (...) {
    mg_disable_connection_keep_alive(connection);
  }
  return 0;  // answered
}

// Clients can provoke messages, hence the level; those of the start are an operator's matter.
int WebServer::State::OnMessage(const mg_connection* connection, const char* message) noexcept {
  try {
    State& state = Of(connection);
    std::unique_lock lock(state.mutex);
    if (!state.started) {
      state.start_messages.emplace_back(message);
    } else {
      lock.unlock();
      Log(LogLevel::kDebug, "civetweb", {{"message", message}});
    }
  } catch (...) {
    return 1;  // a lost message harms nobody
  }
  return 1;  // civetweb shall not write it anywhere
}

// Called with no context when civetweb wants one, and with it when civetweb is done with it.
int WebServer::State::OnSslContext(void** context, void* state) noexcept {
  if (*context == nullptr) *context = static_cast<State*>(state)->tls->context();
  return 1;  // ours: civetweb shall neither configure nor free it
}

int WebServer::State::OnOpen(const mg_connection* connection, void** data) noexcept {
  ++Of(connection).connections;
  *data = &Of(connection).connections;
  return 0;
}

// Also called, without OnOpen before it, when a TLS handshake failed.
void WebServer::State::OnClose(const mg_connection* connection) noexcept {
  if (mg_get_user_connection_data(connection) != nullptr) --Of(connection).connections;
}

WebServer::WebServer(const Options::Web& options, Scraper& scraper)
    : state_(std::make_unique<State>(options, scraper)) {
  const bool has_ipv6 = mg_check_feature(MG_FEATURES_IPV6) != 0;
  std::vector<ListenAddress>& addresses = state_->addresses;
  std::string port_specs;
  for (const std::string& text : options.listen_addresses) {
    addresses.push_back(ParseListenAddress(text, has_ipv6));
    addresses.back().tls = state_->tls.has_value();
  }
  const size_t probes = addresses.size();  // where the addresses for probes begin
  for (const std::string& text : options.health_addresses) {
    addresses.push_back(ParseListenAddress(text, has_ipv6));
    CheckPortOfProbes(addresses, probes);
  }
  for (const ListenAddress& address : addresses) {
    if (!port_specs.empty()) port_specs += ',';
    port_specs += address.PortSpec();
  }

  const std::string workers = std::to_string(state_->workers);
  std::array<const char*, 15> settings = {"listening_ports",
                                          port_specs.c_str(),
                                          "num_threads",
                                          workers.c_str(),
                                          "tcp_nodelay",
                                          "1",
                                          "enable_keep_alive",
                                          "yes",
                                          "request_timeout_ms",
                                          kRequestTimeoutMs,
                                          "keep_alive_timeout_ms",
                                          kRequestTimeoutMs,
                                          "enable_auth_domain_check",
                                          "no",  // any Host will do
                                          nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &State::OnRequest;
  callbacks.http_error = &State::OnHttpError;
  callbacks.log_message = &State::OnMessage;
  if (state_->tls) callbacks.external_ssl_ctx = &State::OnSslContext;
  callbacks.init_connection = &State::OnOpen;
  callbacks.connection_close = &State::OnClose;
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = state_.get();
  init.configuration_options = settings.data();
  std::array<char, 256> summary{};
  mg_error_data error{};
  error.text = summary.data();
  error.text_buffer_size = summary.size();
  state_->context = mg_start2(&init, &error);

  std::vector<std::string> messages;
  {
    const std::lock_guard lock(state_->mutex);
    state_->started = true;
    messages.swap(state_->start_messages);
  }
  if (state_->context == nullptr) {
    throw StartupError(StartFailure(addresses, messages, summary.data()));
  }
  for (const std::string& message : messages) {
    Log(LogLevel::kWarn, "civetweb", {{"message", message}});
  }

  std::vector<mg_server_port> ports(addresses.size());
  mg_get_server_ports(state_->context, static_cast<int>(ports.size()), ports.data());
  for (size_t i = 0; i < addresses.size(); ++i) {
    addresses[i].port = static_cast<uint16_t>(ports[i].port);
    (i < probes ? urls_ : health_urls_).push_back(addresses[i].Url());
  }
  // Whoever came before is asked for a password, as everywhere else.
  const std::lock_guard lock(state_->mutex);
  for (size_t i = probes; i < addresses.size(); ++i) {
    state_->probe_ports.push_back(addresses[i].port);
  }
}

WebServer::~WebServer() = default;

}  // namespace memleak
