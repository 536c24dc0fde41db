// Catch2 2.13 (Debian 12) and 3 (Debian 13) behind one include.
#pragma once

#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

namespace memleak {

#ifdef CATCH_VERSION_MAJOR
#if CATCH_VERSION_MAJOR >= 3
using Catch::Approx;
inline auto ContainsText(const std::string& text) {
  return Catch::Matchers::ContainsSubstring(text);
}
#else
inline auto ContainsText(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif
#endif

}  // namespace memleak
