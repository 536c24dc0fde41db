// What keys do: from a key and what is shown to what is to be shown next. No terminal, no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/cli/top/frame.h"
#include "exporter/cli/top/look.h"

namespace memleak {

struct Key {
  enum class Kind : uint8_t {
    kCharacter,
    kUp,
    kDown,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kEnter,
    kEscape,
    kBackspace,
    kOther
  };
  Kind kind = Kind::kOther;
  std::string character;  // UTF-8

  Key(Kind of_kind) : kind(of_kind) {}  // NOLINT(google-explicit-constructor): a kind is a key
  explicit Key(std::string text) : kind(Kind::kCharacter), character(std::move(text)) {}
};

// What the keys need to know of the screen.
struct Shown {
  size_t table_rows = 1;            // that fit
  size_t matched = 0;               // rows of the whole list
  size_t page_rows = 1;             // of a page that is scrolled, that fit
  size_t page_lines = 0;            // that it has
  std::optional<Subject> selected;  // the row under the cursor
};

class Controls {
 public:
  enum class Mode : uint8_t { kTable, kSearch, kInterval, kDetails, kHelp };
  enum class Effect : uint8_t {
    kDraw,  // what is known, in another way
    kAsk,   // something else is wanted
    kQuit,
  };

  Controls(SortKey sort, std::chrono::milliseconds interval) : interval_(interval) {
    listing_.sort = sort;
  }

  Effect Press(const Key& key, const Shown& shown);
  // After a look or a resize: cursor and page stay where something is.
  void Fit(const Shown& shown);

  // The rows that are shown, and some more on both sides.
  Wish wish(size_t table_rows) const;

  Mode mode() const { return mode_; }
  const Listing& listing() const { return listing_; }
  size_t first() const { return first_; }    // row of the list at the top of the table
  size_t cursor() const { return cursor_; }  // row of the list
  size_t scrolled() const { return scrolled_; }
  const std::string& typed() const { return typed_; }
  const std::string& message() const { return message_; }  // until the next key
  std::chrono::milliseconds interval() const { return interval_; }
  const std::optional<Subject>& subject() const { return subject_; }

 private:
  Effect PressInTable(const Key& key, const Shown& shown);
  Effect PressCommand(char command);
  Effect PressInPrompt(const Key& key);
  Effect PressOnPage(const Key& key, const Shown& shown);
  Effect Sort(SortKey key);
  Effect Show(View view);
  void ToStart();
  void SetInterval();

  Mode mode_ = Mode::kTable;
  Listing listing_;
  size_t first_ = 0;
  size_t cursor_ = 0;
  size_t scrolled_ = 0;
  std::string typed_;
  std::string message_;
  std::chrono::milliseconds interval_;
  std::optional<Subject> subject_;
};

// What h shows.
std::vector<TextLine> HelpLines();

}  // namespace memleak
