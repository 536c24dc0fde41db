// Text in the cells of a terminal: what may be sent to it, and how many cells it takes.
//
// Names come from the host and may hold any byte. What is shown has no control characters, nothing
// invisible and nothing that changes the writing direction, and each of its characters takes one
// cell or two, so that columns stay where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace memleak {

enum class Charset : uint8_t { kAscii, kUtf8 };

// Makes the C library know the width of characters (LC_CTYPE), and says which ones the terminal
// shows as far as the locale's variables tell. Call before other threads run.
Charset ChooseCharset();

// `text`, any bytes, as it may be shown. With kUtf8 the locale must be one of UTF-8.
std::string Harmless(std::string_view text, Charset charset);

// The rest is for harmless text.

size_t CellsOf(std::string_view text);

// As many characters as fit into so many cells.
std::string_view Beginning(std::string_view text, size_t cells);

// At most so many cells, with a mark at the end where something was cut.
std::string Cut(std::string_view text, size_t cells, Charset charset);

// Exactly so many cells, cut or filled with spaces.
std::string LeftAligned(std::string_view text, size_t cells, Charset charset);
std::string RightAligned(std::string_view text, size_t cells, Charset charset);

}  // namespace memleak
