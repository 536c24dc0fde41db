// The terminal, drawn on by ncurses: what Debian's own tools use, knows every terminal that
// terminfo knows, and sends only what has changed. terminal.cc alone includes it.
//
// One at a time. Standard error is put aside meanwhile: what a library writes there would stand
// amid the table.
#pragma once

#include <optional>

#include "exporter/cli/top/controls.h"
#include "exporter/cli/top/frame.h"

namespace memleak {

// Whether standard input and output are a terminal that can be drawn on; others get plain text.
bool CanDrawOnTerminal();

class Terminal {
 public:
  // Throws std::runtime_error where it cannot be drawn on. Signals are the caller's: they must be
  // blocked, and Resize and Suspend be called for SIGWINCH and SIGTSTP.
  Terminal();
  // Puts the terminal back as it was.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // The rest is static where it asks ncurses alone, which knows one terminal.
  static ScreenSize Size();
  // Takes the size that the terminal has now.
  static void Resize();
  // Gives the terminal back and stops the program, until somebody continues it.
  void Suspend();
  void Draw(const Frame& frame);
  // A key that was pressed and not yet read.
  static std::optional<Key> Read();

 private:
  void Enter();
  void Leave();

  int error_output_ = -1;  // standard error as it was
  bool colours_ = false;
};

}  // namespace memleak
