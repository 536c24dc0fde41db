#include "exporter/config/units.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "exporter/config/errors.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 8> kSizeUnits{{
    {"", 1},
    {"B", 1},
    {"KiB", uint64_t{1} << 10},
    {"MiB", uint64_t{1} << 20},
    {"GiB", uint64_t{1} << 30},
    {"kB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
}};
constexpr uint64_t kMaxSize = (uint64_t{1} << 63) - 1;

constexpr std::array<Unit, 5> kDurationUnits{{
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", 86'400'000},
}};
constexpr uint64_t kMaxDuration = 36'500 * kDurationUnits[4].factor;

constexpr size_t kMaxDecimals = 9;
constexpr uint64_t kDecimals = 1'000'000'000;  // 10 to that power; times any factor it fits

// A number and its unit, as text.
struct Token {
  std::string_view whole;
  std::string_view decimals;  // empty when there is no point
  std::string_view unit;
};

std::string_view TakeWhile(std::string_view& text, bool (*accept)(char)) {
  size_t end = 0;
  while (end < text.size() && accept(text[end])) ++end;
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Takes one token from the front of `text`; nothing where it does not begin with a number.
std::optional<Token> TakeToken(std::string_view& text) {
  Token token;
  token.whole = TakeWhile(text, IsDigit);
  if (token.whole.empty()) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    token.decimals = TakeWhile(text, IsDigit);
    if (token.decimals.empty() || token.decimals.size() > kMaxDecimals) return std::nullopt;
  }
  token.unit = TakeWhile(text, IsLetter);
  return token;
}

template <size_t kCount>
const Unit* FindUnit(const std::array<Unit, kCount>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// The token's value in units of factor 1, or `limit` + 1 for anything larger than `limit`.
uint64_t Value(const Token& token, uint64_t factor, uint64_t limit) {
  const uint64_t most = limit / factor;
  uint64_t whole = 0;
  for (const char digit : token.whole) {
    if (whole > most / 10) return limit + 1;
    whole = whole * 10 + static_cast<uint64_t>(digit - '0');
  }
  if (whole > most) return limit + 1;
  uint64_t decimals = 0;
  for (size_t i = 0; i < kMaxDecimals; ++i) {
    const char digit = i < token.decimals.size() ? token.decimals[i] : '0';
    decimals = decimals * 10 + static_cast<uint64_t>(digit - '0');
  }
  const uint64_t part = decimals * factor / kDecimals;
  const uint64_t value = whole * factor;
  return part > limit - value ? limit + 1 : value + part;
}

[[noreturn]] void RefuseSize(std::string_view text) {
  throw UsageError(Quoted(text) + " is not a size; use a number with KiB, MiB, GiB, kB, MB or GB");
}

[[noreturn]] void RefuseDuration(std::string_view text) {
  throw UsageError(Quoted(text) +
                   " is not a duration; use a number with ms, s, m, h or d, like 30s or 1h30m");
}

}  // namespace

uint64_t ParseSize(std::string_view text) {
  std::string_view rest = text;
  const std::optional<Token> token = TakeToken(rest);
  if (!token || !rest.empty()) RefuseSize(text);
  const Unit* unit = FindUnit(kSizeUnits, token->unit);
  if (unit == nullptr || (unit->factor == 1 && !token->decimals.empty())) RefuseSize(text);
  const uint64_t value = Value(*token, unit->factor, kMaxSize);
  if (value > kMaxSize) {
    throw UsageError(Quoted(text) + " is too large a size; use less than 8589934592GiB");
  }
  return value;
}

std::chrono::milliseconds ParseDuration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) RefuseDuration(text);
  uint64_t total = 0;
  uint64_t last_factor = UINT64_MAX;
  for (std::string_view rest = text; !rest.empty();) {
    const std::optional<Token> token = TakeToken(rest);
    if (!token) RefuseDuration(text);
    const Unit* unit = FindUnit(kDurationUnits, token->unit);
    if (unit == nullptr || (unit->factor == 1 && !token->decimals.empty())) RefuseDuration(text);
    if (unit->factor >= last_factor) RefuseDuration(text);
    last_factor = unit->factor;
    total += Value(*token, unit->factor, kMaxDuration);
  }
  // No more than one value of each unit has been added, so the sum cannot have wrapped around.
  if (total > kMaxDuration) {
    throw UsageError(Quoted(text) + " is too long a duration; use at most 36500d");
  }
  return std::chrono::milliseconds(static_cast<int64_t>(total));
}

}  // namespace memleak
