// Leaks in the two ways of native programs, 16 KB at a time: pages that nobody points to any more,
// and sessions in a map that nobody takes out. Prints "ready" once it holds some, keeps leaking
// slowly, ends with its standard input.

#include <poll.h>

#include <cstdio>
#include <cstring>
#include <map>

namespace {

struct Session {
  char page[16 * 1024];
};

auto& sessions = *new std::map<int, Session*>;

void OpenSession(int id) {
  auto* session = new Session;
  std::memset(session->page, 'x', sizeof session->page);
  sessions[id] = session;
}

void RenderPage() {
  char* volatile page = new char[16 * 1024];
  std::memset(page, 'y', 16 * 1024);
}

}  // namespace

int main() {
  int id = 0;
  for (; id < 100; ++id) {
    OpenSession(id);
    RenderPage();
  }
  std::puts("ready");
  std::fflush(stdout);
  pollfd input{0, POLLIN, 0};
  while (poll(&input, 1, 20) == 0) {
    OpenSession(id++);
    RenderPage();
  }
}
