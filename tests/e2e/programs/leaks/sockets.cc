// A client of a server on loopback which hangs up on everybody at once.
//
//   sockets leak SCHEDULE   connects so often a second and never closes: sockets in CLOSE_WAIT
//   sockets pool SCHEDULE   keeps so many connections, each costs 0.2 % of a CPU while it is open
//
// The server is a child; it ends with its parent. At most 1024 descriptors, as is usual.
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

#include "pace.h"

namespace memleak {
namespace {

constexpr double kConnectionCpu = 0.002;

sockaddr* Generic(sockaddr_in* address) { return reinterpret_cast<sockaddr*>(address); }

[[noreturn]] void Serve(int listener) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) close(client);
  }
}

// Returns the address of the server that it started.
sockaddr_in StartServer() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, Generic(&address), size) != 0 ||
      listen(listener, SOMAXCONN) != 0 || getsockname(listener, Generic(&address), &size) != 0) {
    Die("no server on loopback");
  }
  if (fork() == 0) Serve(listener);
  close(listener);
  return address;
}

class Connection {
 public:
  explicit Connection(sockaddr_in server)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (connect(socket_, Generic(&server), sizeof server) != 0) Die("connect");
  }
  Connection(Connection&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection() {
    if (socket_ >= 0) close(socket_);
  }

 private:
  int socket_;
};

void Leak(const Schedule& schedule, sockaddr_in server) {
  Requests requests(schedule);
  std::vector<Connection> never_closed;
  never_closed.reserve(1024);
  Pace pace;
  while (pace.Wait()) {
    for (long due = requests.Due(pace.seconds()); due > 0; --due) never_closed.emplace_back(server);
  }
}

void Pool(const Schedule& schedule, sockaddr_in server) {
  std::vector<Connection> pool;
  Pace pace;
  while (pace.Wait()) {
    const double level = schedule.At(pace.seconds());
    while (pool.size() > static_cast<size_t>(level)) pool.pop_back();
    while (pool.size() < static_cast<size_t>(level)) pool.emplace_back(server);
    Burn(static_cast<double>(pool.size()) * kConnectionCpu * Pace::kStep);
  }
}

int Main(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  if (kind != "leak" && kind != "pool") {
    std::cerr << "usage: sockets leak|pool SCHEDULE\n";
    return 2;
  }
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1024);
  setrlimit(RLIMIT_NOFILE, &limit);
  const sockaddr_in server = StartServer();
  (kind == "leak" ? Leak : Pool)(Schedule(argv[2]), server);
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) { return memleak::Main(argc, argv); }
