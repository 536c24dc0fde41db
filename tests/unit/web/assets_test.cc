#include "exporter/web/page/assets.h"

#include <set>
#include <string>
#include <string_view>

#include "exporter/web/page/embedded_assets.h"
#include "tests/catch.h"

namespace memleak {
namespace {

TEST_CASE("assets: the page and its modules") {
  const Asset* page = FindAsset("/");
  REQUIRE(page != nullptr);
  CHECK(page->content_type == "text/html; charset=utf-8");
  CHECK(page->body.starts_with("<!DOCTYPE html>"));
  CHECK(page->body.ends_with("</html>\n"));
  const Asset* main = FindAsset("/assets/main.js");
  REQUIRE(main != nullptr);
  CHECK(main->content_type == "text/javascript; charset=utf-8");
  CHECK(main->body.starts_with("//"));
}

TEST_CASE("assets: whatever else is asked for is not there") {
  for (const std::string_view path : {"", "/assets/", "/assets/index.html", "/assets/../main.js",
                                      "/main.js", "/assets/main.js/", "/index.html"}) {
    CHECK(FindAsset(path) == nullptr);
  }
}

TEST_CASE("assets: an ETag is quoted, and of one content only") {
  std::set<std::string_view> etags;
  for (const Asset& asset : EmbeddedAssets()) {
    CHECK(asset.etag.size() > 2);
    CHECK(asset.etag.front() == '"');
    CHECK(asset.etag.back() == '"');
    CHECK(asset.etag.find('"', 1) == asset.etag.size() - 1);
    CHECK(etags.insert(asset.etag).second);
  }
}

TEST_CASE("assets: all that the page refers to is there") {
  const std::string_view page = FindAsset("/")->body;
  constexpr std::string_view kMark = "\"assets/";
  size_t found = 0;
  for (size_t at = page.find(kMark); at != std::string_view::npos; at = page.find(kMark, at + 1)) {
    const std::string_view name = page.substr(at + 1, page.find('"', at + 1) - at - 1);
    CHECK(FindAsset("/" + std::string(name)) != nullptr);
    ++found;
  }
  CHECK(found == EmbeddedAssets().size() - 1);
}

}  // namespace
}  // namespace memleak
