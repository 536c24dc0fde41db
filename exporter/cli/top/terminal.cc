#include "exporter/cli/top/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <stdexcept>
#include <string>
#include <string_view>

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>

#include "exporter/cli/top/cells.h"

namespace memleak {
namespace {

constexpr short kGreenPair = 1;
constexpr short kYellowPair = 2;
constexpr short kRedPair = 3;
// For the rest of a sequence that begins with Esc.
constexpr int kEscapeMilliseconds = 50;

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// https://no-color.org
bool WantsColours() { return Variable("NO_COLOR").empty(); }

chtype AttributesOf(Style style, bool colours) {
  const auto coloured = [&](short pair) {
    return colours ? static_cast<chtype>(COLOR_PAIR(pair)) : A_NORMAL;
  };
  switch (style) {
    case Style::kStrong:
      return A_BOLD;
    case Style::kDim:
      return A_DIM;
    case Style::kGood:
      return coloured(kGreenPair);
    case Style::kWarning:
      return coloured(kYellowPair);
    case Style::kAlarm:
      return A_BOLD | coloured(kRedPair);
    case Style::kHeading:
      return A_REVERSE;
    case Style::kChosen:
      return A_REVERSE | A_BOLD;
    case Style::kPlain:
      break;
  }
  return A_NORMAL;
}

Key KeyOf(wint_t code) {
  switch (code) {
    case KEY_UP:
      return Key::Kind::kUp;
    case KEY_DOWN:
      return Key::Kind::kDown;
    case KEY_PPAGE:
      return Key::Kind::kPageUp;
    case KEY_NPAGE:
      return Key::Kind::kPageDown;
    case KEY_HOME:
      return Key::Kind::kHome;
    case KEY_END:
      return Key::Kind::kEnd;
    case KEY_ENTER:
      return Key::Kind::kEnter;
    case KEY_BACKSPACE:
      return Key::Kind::kBackspace;
    default:
      return Key::Kind::kOther;
  }
}

Key KeyOfCharacter(wint_t character) {
  switch (character) {
    case '\r':
    case '\n':
      return Key::Kind::kEnter;
    case 0x1B:
      return Key::Kind::kEscape;
    case 0x7F:
    case '\b':
      return Key::Kind::kBackspace;
    default:
      break;
  }
  if (character < ' ') return Key::Kind::kOther;
  std::array<char, MB_LEN_MAX> bytes{};
  std::mbstate_t state{};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): it has a state of its own
  const size_t size = std::wcrtomb(bytes.data(), static_cast<wchar_t>(character), &state);
  if (size == static_cast<size_t>(-1)) return Key::Kind::kOther;
  return Key(std::string(bytes.data(), size));
}

}  // namespace

bool CanDrawOnTerminal() {
  const std::string_view kind = Variable("TERM");
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !kind.empty() && kind != "dumb";
}

Terminal::Terminal() {
  set_escdelay(kEscapeMilliseconds);
  if (newterm(nullptr, stdout, stdin) == nullptr) {
    throw std::runtime_error("this terminal (TERM=" + std::string(Variable("TERM")) +
                             ") is not known here; --once prints a plain table");
  }
  if (WantsColours() && has_colors()) {
    start_color();
    use_default_colors();
    // -1 is the terminal's own background.
    init_pair(kGreenPair, COLOR_GREEN, -1);
    init_pair(kYellowPair, COLOR_YELLOW, -1);
    init_pair(kRedPair, COLOR_RED, -1);
    colours_ = true;
  }
  Enter();
}

Terminal::~Terminal() { Leave(); }

void Terminal::Enter() {
  error_output_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) {
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
  }
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  curs_set(0);
  clearok(stdscr, TRUE);
}

void Terminal::Leave() {
  curs_set(1);
  endwin();
  if (error_output_ >= 0) {
    dup2(error_output_, STDERR_FILENO);
    close(error_output_);
    error_output_ = -1;
  }
}

ScreenSize Terminal::Size() {
  return {static_cast<size_t>(std::max(getmaxy(stdscr), 1)),
          static_cast<size_t>(std::max(getmaxx(stdscr), 2))};
}

void Terminal::Resize() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return;
  resizeterm(size.ws_row, size.ws_col);
  clearok(stdscr, TRUE);
}

void Terminal::Suspend() {
  Leave();
  static_cast<void>(raise(SIGSTOP));
  Enter();
  Resize();
}

void Terminal::Draw(const Frame& frame) {
  werase(stdscr);
  const ScreenSize screen = Size();
  const size_t lines = std::min(frame.lines.size(), screen.rows);
  for (size_t y = 0; y < lines; ++y) {
    const TextLine& line = frame.lines[y];
    wmove(stdscr, static_cast<int>(y), 0);
    const chtype selected = line.selected ? A_REVERSE : A_NORMAL;
    // A character in the last cell of the last line would scroll some terminals.
    size_t left = screen.columns - (y + 1 == screen.rows ? 1 : 0);
    for (const Span& span : line.spans) {
      const std::string text = Cut(span.text, left, Charset::kAscii);
      wattrset(stdscr, static_cast<int>(AttributesOf(span.style, colours_) | selected));
      waddnstr(stdscr, text.c_str(), static_cast<int>(text.size()));
      left -= std::min(left, CellsOf(text));
    }
    if (line.selected) waddnstr(stdscr, std::string(left, ' ').c_str(), static_cast<int>(left));
  }
  wattrset(stdscr, static_cast<int>(A_NORMAL));
  if (frame.cursor) {
    wmove(stdscr, static_cast<int>(screen.rows) - 1, static_cast<int>(*frame.cursor));
  }
  curs_set(frame.cursor ? 1 : 0);
  wrefresh(stdscr);
}

std::optional<Key> Terminal::Read() {
  wint_t code = 0;
  const int kind = wget_wch(stdscr, &code);
  if (kind == ERR) return std::nullopt;
  return kind == KEY_CODE_YES ? KeyOf(code) : KeyOfCharacter(code);
}

}  // namespace memleak
