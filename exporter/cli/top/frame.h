// What a terminal shows, line by line, before anybody draws it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memleak {

// Emphasis: nothing is told by it alone.
enum class Style : uint8_t { kPlain, kStrong, kDim, kGood, kWarning, kAlarm, kHeading, kChosen };

struct Span {
  std::string text;  // harmless (cells.h)
  Style style = Style::kPlain;
};

struct TextLine {
  std::vector<Span> spans;
  bool selected = false;

  TextLine() = default;
  explicit TextLine(std::string text, Style style = Style::kPlain) {
    spans.push_back({std::move(text), style});
  }
  std::string Text() const {
    std::string text;
    for (const Span& span : spans) text += span.text;
    return text;
  }
};

struct Frame {
  std::vector<TextLine> lines;
  std::optional<size_t> cursor;  // cell of the last line where something is typed
};

struct ScreenSize {
  size_t rows = 24;
  size_t columns = 80;
};

}  // namespace memleak
