#include "exporter/cli/timestamp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "exporter/cli/number_text.h"
#include "exporter/trend/figures.h"

namespace memleak {
namespace {

constexpr double kYear1 = -62135596800;      // 0001-01-01
constexpr double kYear10000 = 253402300800;  // 10000-01-01
constexpr double kCountedFromStart = 1e8;    // 1973
constexpr int kMinute = 60;
constexpr int kHour = 3600;

// What a text says of a point in time; what it does not say is negative.
struct Parts {
  int year = -1;
  int month = -1;  // 1 to 12
  int day = -1;
  int hour = -1;
  int minute = -1;
  double second = -1;
  int half = -1;              // of the day: 0 for AM, 1 for PM
  std::optional<int> offset;  // seconds east of Greenwich
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameWord(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

// Days from 1970-01-01; the calendar repeats every 400 years, which begin in March here so that a
// leap day ends a year.
int64_t DaysFromCivil(int year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t month_from_march = month > 2 ? month - 3 : month + 9;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

struct Civil {
  int64_t year;
  int64_t month;
  int64_t day;
};

// The inverse.
Civil CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

std::string Padded(int64_t number, size_t digits) {
  std::string text = std::to_string(number);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

constexpr int64_t kDay = 86'400;

// Rounded down; of a negative dividend, too.
int64_t DayOf(double time) { return static_cast<int64_t>(std::floor(time / kDay)); }

std::string DayText(double time) {
  const Civil civil = CivilFromDays(DayOf(time));
  return Padded(civil.year, 4) + '-' + Padded(civil.month, 2) + '-' + Padded(civil.day, 2);
}

std::string ClockText(double time) {
  const auto second = static_cast<int64_t>(std::floor(time)) - DayOf(time) * kDay;
  return Padded(second / kHour, 2) + ':' + Padded(second / kMinute % kMinute, 2);
}

int DaysOf(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

std::optional<double> Seconds(const Parts& parts) {
  int hour = parts.hour;
  if (parts.half >= 0) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + 12 * parts.half;
  }
  const bool valid = parts.year >= 1 && parts.month >= 1 && parts.month <= 12 && parts.day >= 1 &&
                     parts.day <= DaysOf(parts.year, parts.month) && hour >= 0 && hour <= 23 &&
                     parts.minute >= 0 && parts.minute <= 59 && parts.second >= 0 &&
                     parts.second < 61;  // a leap second
  if (!valid) return std::nullopt;
  const int64_t days = DaysFromCivil(parts.year, parts.month, parts.day);
  return static_cast<double>(days * 86'400 + hour * kHour + parts.minute * kMinute) + parts.second -
         parts.offset.value_or(0);
}

// Takes exactly `digits` digits off `text`.
bool TakeDigits(std::string_view& text, size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (const char c : text.substr(0, digits)) {
    if (!IsDigit(c)) return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// HH:MM, HH:MM:SS or HH:MM:SS.FRACTION; the hour may have one digit.
bool TakeClock(std::string_view& text, Parts& parts) {
  if (!TakeDigits(text, text.find(':') == 1 ? 1 : 2, parts.hour) || !Take(text, ':') ||
      !TakeDigits(text, 2, parts.minute)) {
    return false;
  }
  parts.second = 0;
  if (!Take(text, ':')) return true;
  int whole = 0;
  if (!TakeDigits(text, 2, whole)) return false;
  parts.second = whole;
  if (!text.starts_with('.')) return true;
  size_t end = 1;
  while (end < text.size() && IsDigit(text[end])) ++end;
  const std::optional<double> fraction = ParseNumber(text.substr(0, end));
  if (!fraction || end == 1) return false;
  parts.second += *fraction;
  text.remove_prefix(end);
  return true;
}

// Z, +HH, +HHMM, +HH:MM and the same with a minus; all of `text`.
std::optional<int> ParseOffset(std::string_view text) {
  if (SameWord(text, "z")) return 0;
  const bool west = text.starts_with('-');
  if (!west && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!TakeDigits(text, 2, hours)) return std::nullopt;
  Take(text, ':');
  if (!text.empty() && !TakeDigits(text, 2, minutes)) return std::nullopt;
  if (!text.empty() || hours > 23 || minutes > 59) return std::nullopt;
  const int seconds = hours * kHour + minutes * kMinute;
  return west ? -seconds : seconds;
}

// Zones that `date` prints by name; a name that is not here is taken as UTC, which is right for all
// that is computed from differences. Only a change of summer time would be seen.
int OffsetOfZone(std::string_view name) {
  struct Zone {
    std::string_view name;
    int minutes;
  };
  constexpr std::array<Zone, 22> kZones{{
      {"wet", 0},    {"west", 60},  {"bst", 60},   {"cet", 60},   {"cest", 120}, {"eet", 120},
      {"eest", 180}, {"msk", 180},  {"ist", 330},  {"jst", 540},  {"kst", 540},  {"aest", 600},
      {"aedt", 660}, {"nzst", 720}, {"nzdt", 780}, {"est", -300}, {"edt", -240}, {"cst", -360},
      {"cdt", -300}, {"mst", -420}, {"pst", -480}, {"pdt", -420},
  }};
  for (const Zone& zone : kZones) {
    if (SameWord(name, zone.name)) return zone.minutes * kMinute;
  }
  return SameWord(name, "mdt") ? -360 * kMinute : 0;
}

std::optional<double> ParseIso(std::string_view text) {
  Parts parts;
  if (!TakeDigits(text, 4, parts.year) || !Take(text, '-') || !TakeDigits(text, 2, parts.month) ||
      !Take(text, '-') || !TakeDigits(text, 2, parts.day)) {
    return std::nullopt;
  }
  if (!Take(text, 'T') && !Take(text, 't') && !Take(text, ' ')) return std::nullopt;
  if (!TakeClock(text, parts)) return std::nullopt;
  if (Take(text, ' ') && SameWord(text, "utc")) text = {};
  if (!text.empty()) {
    parts.offset = ParseOffset(text);
    if (!parts.offset) return std::nullopt;
  }
  return Seconds(parts);
}

// The number of a month by its English name, whole or its first three letters; 0 for other words.
int MonthOf(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths{
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (SameWord(word, kMonths[i]) || SameWord(word, kMonths[i].substr(0, 3))) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

bool IsWeekday(std::string_view word) {
  constexpr std::array<std::string_view, 7> kDays{"monday", "tuesday",  "wednesday", "thursday",
                                                  "friday", "saturday", "sunday"};
  return std::any_of(kDays.begin(), kDays.end(), [&](std::string_view day) {
    return SameWord(word, day) || SameWord(word, day.substr(0, 3));
  });
}

// One word of what `date` prints. False where it says nothing, or what was said before.
bool TakeWord(std::string_view word, Parts& parts) {
  if (word.find(':') != std::string_view::npos && IsDigit(word.front())) {
    return parts.hour < 0 && TakeClock(word, parts) && word.empty();
  }
  if (IsDigit(word.front())) {
    int& part = word.size() == 4 ? parts.year : parts.day;
    return part < 0 && word.size() != 3 && TakeDigits(word, word.size(), part) && word.empty();
  }
  if (word.front() == '+' || word.front() == '-') {
    if (parts.offset) return false;
    parts.offset = ParseOffset(word);
    return parts.offset.has_value();
  }
  if (SameWord(word, "am") || SameWord(word, "pm")) {
    if (parts.half >= 0) return false;
    parts.half = Lower(word.front()) == 'p' ? 1 : 0;
    return true;
  }
  if (IsWeekday(word)) return true;
  if (const int month = MonthOf(word); month > 0) {
    if (parts.month > 0) return false;
    parts.month = month;
    return true;
  }
  const auto is_letter = [](char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; };
  if (parts.offset || word.size() > 5 || !std::all_of(word.begin(), word.end(), is_letter)) {
    return false;
  }
  parts.offset = OffsetOfZone(word);
  return true;
}

std::optional<double> ParseWords(std::string_view text) {
  Parts parts;
  while (!(text = Trimmed(text)).empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    if (word.ends_with(',')) word.remove_suffix(1);
    if (word.empty() || word.size() > 10 || !TakeWord(word, parts)) return std::nullopt;
  }
  return Seconds(parts);
}

}  // namespace

std::optional<double> ParseTimestamp(std::string_view text) {
  if (const std::optional<double> seconds = ParseNumber(text)) {
    const bool within = *seconds >= kYear1 && *seconds < kYear10000;  // false for NaN, too
    return within ? seconds : std::nullopt;
  }
  text = Trimmed(text);
  if (text.size() > 64) return std::nullopt;
  const std::optional<double> iso = ParseIso(text);
  return iso ? iso : ParseWords(text);
}

std::string TimestampText(double seconds_since_1970) {
  if (std::abs(seconds_since_1970) < kCountedFromStart) {
    return DurationText(seconds_since_1970) + " after the start";
  }
  return DayText(seconds_since_1970) + ' ' + ClockText(seconds_since_1970) + " UTC";
}

std::string PeriodText(double from, double to) {
  if (std::abs(from) < kCountedFromStart || std::abs(to) < kCountedFromStart) {
    return TimestampText(from) + " to " + TimestampText(to);
  }
  const std::string day = DayText(from);
  const std::string last_day = DayText(to);
  return day + ' ' + ClockText(from) + " to " + (day == last_day ? "" : last_day + ' ') +
         ClockText(to) + " UTC";
}

}  // namespace memleak
