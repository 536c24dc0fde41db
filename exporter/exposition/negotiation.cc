#include "exporter/exposition/negotiation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace memleak {
namespace {

// Escaping schemes of Prometheus 3. Anything else that a client names is not repeated to it.
constexpr std::array<std::string_view, 4> kEscapingSchemes = {"allow-utf-8", "underscores", "dots",
                                                              "values"};

constexpr int kFullQuality = 1000;  // quality values are kept in thousandths

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Takes what stands before the next `separator` off `text`, the separator too; one inside a quoted
// string separates nothing.
std::string_view TakePart(std::string_view& text, char separator) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      const std::string_view part = text.substr(0, i);
      text.remove_prefix(i + 1);
      return part;
    }
  }
  const std::string_view part = text;
  text = {};
  return part;
}

// The value of a token or of a quoted string; nothing when it is neither.
std::optional<std::string> ParameterValue(std::string_view text) {
  if (!text.starts_with('"')) {
    if (text.find('"') != std::string_view::npos) return std::nullopt;
    return std::string(text);
  }
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 1 != text.size()) return std::nullopt;
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) return std::nullopt;
    value += text[i];
  }
  return std::nullopt;
}

// "0", "0.5", "1", "1.0": RFC 9110 section 12.4.2, but for more digits than three, which are cut.
std::optional<int> ParseQuality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int quality = text[0] == '1' ? kFullQuality : 0;
  if (text.size() == 1) return quality;
  if (text[1] != '.') return std::nullopt;
  int place = kFullQuality / 10;
  for (const char digit : text.substr(2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    if (text[0] == '1' && digit != '0') return std::nullopt;
    quality += (digit - '0') * place;
    place /= 10;
  }
  return quality;
}

// One element of a list with quality values: a media range or a content coding.
struct Element {
  std::string_view name;
  int quality = kFullQuality;
  std::string version;
  std::string_view escaping;  // one of kEscapingSchemes or empty
};

// Nothing for an element that is malformed: a client that cannot say what it wants does not get to
// choose by it.
std::optional<Element> ParseElement(std::string_view text) {
  Element element;
  element.name = Trim(TakePart(text, ';'));
  while (!text.empty()) {
    std::string_view parameter = TakePart(text, ';');
    const std::string_view name = Trim(TakePart(parameter, '='));
    const std::optional<std::string> value = ParameterValue(Trim(parameter));
    if (!value) return std::nullopt;
    if (EqualIgnoringCase(name, "q")) {
      const std::optional<int> quality = ParseQuality(*value);
      if (!quality) return std::nullopt;
      element.quality = *quality;
    } else if (EqualIgnoringCase(name, "version")) {
      element.version = *value;
    } else if (EqualIgnoringCase(name, "escaping")) {
      const auto* const known = std::find(kEscapingSchemes.begin(), kEscapingSchemes.end(), *value);
      element.escaping = known == kEscapingSchemes.end() ? std::string_view() : *known;
    }
  }
  return element;
}

// How closely a media range names a format; the closest one decides (RFC 9110 section 12.5.1).
enum class Closeness { kNone, kAnything, kType, kSubtype, kVersion };

struct Offer {
  std::string_view media_type;
  std::string_view type_wildcard;
  std::string_view version;
};

constexpr Offer kTextOffer = {"text/plain", "text/*", "0.0.4"};
constexpr Offer kOpenMetricsOffer = {"application/openmetrics-text", "application/*", "1.0.0"};

Closeness ClosenessOf(const Element& element, const Offer& offer) {
  if (element.name == "*/*") return Closeness::kAnything;
  if (EqualIgnoringCase(element.name, offer.type_wildcard)) return Closeness::kType;
  if (!EqualIgnoringCase(element.name, offer.media_type)) return Closeness::kNone;
  if (element.version.empty()) return Closeness::kSubtype;
  return element.version == offer.version ? Closeness::kVersion : Closeness::kNone;
}

// What the client thinks of one offer.
struct Opinion {
  Closeness closeness = Closeness::kNone;
  int quality = 0;
  size_t position = 0;
  std::string_view escaping;

  bool named() const { return closeness >= Closeness::kSubtype; }

  void Consider(const Element& element, size_t element_position, const Offer& offer) {
    const Closeness candidate = ClosenessOf(element, offer);
    if (candidate == Closeness::kNone || candidate < closeness) return;
    if (candidate == closeness && element.quality <= quality) return;
    *this = {candidate, element.quality, element_position, element.escaping};
  }
};

bool PrefersOpenMetrics(const Opinion& openmetrics, const Opinion& text) {
  if (openmetrics.quality != text.quality) return openmetrics.quality > text.quality;
  if (openmetrics.quality == 0 || !openmetrics.named()) return false;
  return !text.named() || openmetrics.position < text.position;
}

}  // namespace

Negotiated NegotiateFormat(std::string_view accept) {
  Opinion text;
  Opinion openmetrics;
  for (size_t position = 0; !accept.empty(); ++position) {
    const std::optional<Element> element = ParseElement(TakePart(accept, ','));
    if (!element) continue;
    text.Consider(*element, position, kTextOffer);
    openmetrics.Consider(*element, position, kOpenMetricsOffer);
  }
  Negotiated negotiated;
  const bool prefers_openmetrics = PrefersOpenMetrics(openmetrics, text);
  if (prefers_openmetrics) negotiated.format = Format::kOpenMetrics;
  const Opinion& chosen = prefers_openmetrics ? openmetrics : text;
  if (chosen.named() && chosen.quality > 0) negotiated.escaping = chosen.escaping;
  return negotiated;
}

std::string ContentType(const Negotiated& negotiated) {
  std::string type = negotiated.format == Format::kOpenMetrics
                         ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                         : "text/plain; version=0.0.4; charset=utf-8";
  if (!negotiated.escaping.empty()) {
    type += "; escaping=";
    type += negotiated.escaping;
  }
  return type;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<int> named;
  std::optional<int> wildcard;
  while (!accept_encoding.empty()) {
    const std::optional<Element> element = ParseElement(TakePart(accept_encoding, ','));
    if (!element) continue;
    // RFC 9110 section 8.4.1.3: x-gzip is gzip.
    if (EqualIgnoringCase(element->name, "gzip") || EqualIgnoringCase(element->name, "x-gzip")) {
      named = std::max(named.value_or(0), element->quality);
    } else if (element->name == "*") {
      wildcard = std::max(wildcard.value_or(0), element->quality);
    }
  }
  return named.value_or(wildcard.value_or(0)) > 0;
}

}  // namespace memleak
