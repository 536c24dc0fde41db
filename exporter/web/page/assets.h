// The page's files, compiled into the binary: exporter/web/page/assets/, served as they are.
#pragma once

#include <string_view>

namespace memleak {

// What the page may do, for the header of this name on "/": its own scripts, style, icon and
// requests, and nothing else; no text becomes markup or script.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

struct Asset {
  std::string_view path;  // as it is asked for: "/" or "/assets/NAME"
  std::string_view content_type;
  std::string_view etag;  // quoted; of its content
  std::string_view body;
};

// nullptr where there is none of this path. Everything lives as long as the program.
const Asset* FindAsset(std::string_view path);

}  // namespace memleak
