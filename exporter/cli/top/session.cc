#include "exporter/cli/top/session.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace memleak {
namespace {

constexpr std::chrono::milliseconds kEndPatience{300};
// Readable, and nothing to read: somebody has closed the terminal.
constexpr int kMostFruitlessReads = 50;
constexpr int kSignalExit = 128;

}  // namespace

SessionSignals::SessionSignals() {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) {
    sigaddset(&signals, each);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  descriptor_ = UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw std::system_error(errno, std::generic_category(), "signalfd");
}

int SessionSignals::Take() const {
  signalfd_siginfo info{};
  if (read(descriptor_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

Session::Session(const Fetch& fetch, std::string source, Controls controls, Look first,
                 Charset charset)
    : poller_(fetch),
      source_(std::move(source)),
      controls_(std::move(controls)),
      look_(std::move(first)),
      charset_(charset),
      next_look_(Clock::now() + controls_.interval()),
      terminal_(std::make_unique<Terminal>()) {}

int Session::Run(const SessionSignals& signals) {
  const int code = Loop(signals);
  terminal_.reset();
  // Nobody who has quit waits for an exporter that does not answer.
  if (!poller_.Stop(kEndPatience)) std::_Exit(code);
  return code;
}

int Session::Loop(const SessionSignals& signals) {
  Ask();
  while (true) {
    terminal_->Draw(Drawn(CurrentScene()));
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_look_ - Clock::now());
    const auto wait_ms = std::clamp<int64_t>(wait.count(), 0, 60'000);
    std::array<pollfd, 3> descriptors{{{STDIN_FILENO, POLLIN, 0},
                                       {signals.descriptor(), POLLIN, 0},
                                       {poller_.descriptor(), POLLIN, 0}}};
    poll(descriptors.data(), descriptors.size(), static_cast<int>(wait_ms));
    if (const auto code = TakeSignals(signals)) return *code;
    if ((descriptors[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return kSignalExit + SIGHUP;
    if ((descriptors[0].revents & POLLIN) != 0 && !TakeKeys()) return 0;
    if (fruitless_reads_ > kMostFruitlessReads) return kSignalExit + SIGHUP;
    if ((descriptors[2].revents & POLLIN) != 0) TakeLook();
    if (Clock::now() >= next_look_) Ask();
  }
}

Scene Session::CurrentScene() const {
  Scene scene;
  scene.source = source_;
  scene.trouble = trouble_;
  scene.look = &look_;
  scene.controls = &controls_;
  scene.size = Terminal::Size();
  scene.charset = charset_;
  return scene;
}

void Session::Ask() {
  poller_.Ask(controls_.wish(ShownOf(CurrentScene()).table_rows));
  next_look_ = Clock::now() + controls_.interval();
}

void Session::TakeLook() {
  std::optional<Look> look = poller_.Take();
  if (!look) return;
  if (!look->error.empty()) {
    trouble_ = std::move(look->error);
    return;
  }
  trouble_.clear();
  look_ = std::move(*look);
  controls_.Fit(ShownOf(CurrentScene()));
}

bool Session::TakeKeys() {
  bool ask = false;
  ++fruitless_reads_;
  while (const std::optional<Key> key = Terminal::Read()) {
    fruitless_reads_ = 0;
    switch (controls_.Press(*key, ShownOf(CurrentScene()))) {
      case Controls::Effect::kQuit:
        return false;
      case Controls::Effect::kAsk:
        ask = true;
        break;
      case Controls::Effect::kDraw:
        break;
    }
  }
  if (ask) Ask();
  return true;
}

std::optional<int> Session::TakeSignals(const SessionSignals& signals) {
  while (const int signal_number = signals.Take()) {
    switch (signal_number) {
      case SIGWINCH:
        Terminal::Resize();
        controls_.Fit(ShownOf(CurrentScene()));
        Ask();
        break;
      case SIGTSTP:
        terminal_->Suspend();
        Ask();
        break;
      case SIGINT:  // as q, which is what it means in top
        return 0;
      default:
        return kSignalExit + signal_number;
    }
  }
  return std::nullopt;
}

}  // namespace memleak
