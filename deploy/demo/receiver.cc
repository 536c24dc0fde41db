// Who is notified in deploy/demo.sh: a chat, a pager and a webhook on loopback.
//
//   receiver
//
// Prints `listening PORT`, then each message of the chat and the pager as a person would read it,
// with an empty line after it. What the webhook gets is the same as JSON, and is only taken.
#include <civetweb.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace {

using Json = nlohmann::json;

// More than Alertmanager sends of ten alerts.
constexpr size_t kMaxBody = 1 << 20;

std::mutex output;

std::string Clock() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 16> text{};
  std::tm local{};
  return {text.data(),
          std::strftime(text.data(), text.size(), "%H:%M:%S", localtime_r(&now, &local))};
}

std::string Body(mg_connection* connection) {
  std::string body;
  std::array<char, 4096> piece{};
  int size = 0;
  while (body.size() < kMaxBody && (size = mg_read(connection, piece.data(), piece.size())) > 0) {
    body.append(piece.data(), static_cast<size_t>(size));
  }
  return body;
}

void Print(const std::string& where, std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  const std::lock_guard lock(output);
  std::cout << Clock() << "  " << where << '\n' << text << "\n\n" << std::flush;
}

// As the configuration's Slack receiver has it.
void TellChat(const Json& message) {
  for (const Json& attachment : message.at("attachments")) {
    // Its title is the first line again.
    Print("in chat:", attachment.value("text", ""));
  }
}

// As its PagerDuty receiver has it.
void TellPager(const Json& message) {
  const Json& payload = message.at("payload");
  Print("on the pager: " + message.value("event_action", ""),
        payload.value("summary", "") + '\n' + payload.at("custom_details").value("firing", ""));
}

int Answer(mg_connection* connection, void* /*unused*/) {
  const std::string path = mg_get_request_info(connection)->local_uri;
  const std::string body = Body(connection);
  try {
    if (path == "/chat") TellChat(Json::parse(body));
    if (path.starts_with("/pager")) TellPager(Json::parse(body));
  } catch (const Json::exception& error) {
    Print("what nobody understands: " + std::string(error.what()), body);
  }
  // PagerDuty answers 202.
  const int status = path.starts_with("/pager") ? 202 : 200;
  mg_printf(connection, "HTTP/1.1 %d OK\r\nContent-Length: 2\r\n\r\nok", status);
  return status;
}

}  // namespace

int main() {
  std::array<const char*, 5> options{"listening_ports", "127.0.0.1:0", "num_threads", "4", nullptr};
  mg_context* const server = mg_start(nullptr, nullptr, options.data());
  mg_server_port port{};
  if (server == nullptr || mg_get_server_ports(server, 1, &port) != 1) {
    std::cerr << "receiver: cannot listen on loopback\n";
    return 1;
  }
  mg_set_request_handler(server, "/", &Answer, nullptr);
  std::cout << "listening " << port.port << '\n' << std::flush;
  // Until it is ended: nothing here is to be saved.
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}
