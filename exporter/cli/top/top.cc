#include "exporter/cli/top/top.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/http_fetch.h"
#include "exporter/cli/top/look.h"
#include "exporter/cli/top/screen.h"
#include "exporter/cli/top/session.h"
#include "exporter/cli/top/terminal.h"
#include "exporter/config/errors.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr std::chrono::seconds kPatience{5};
// An exporter on this host answers at once, or there is none.
constexpr std::chrono::seconds kShortPatience{2};
constexpr const char* kUsualUrl = "http://localhost:10078";
constexpr size_t kPlainRows = 20;
constexpr size_t kScriptRows = 1'000;
constexpr size_t kPlainColumns = 120;
constexpr size_t kPlainHeight = 1'000;

struct Source {
  Fetch fetch;
  std::string name;    // for the header
  std::string prefix;  // of errors
  bool direct = false;
};

Source OpenDirect(const OpenHost& open_host, const std::string& why) {
  return {open_host(), "this host itself" + (why.empty() ? "" : " (" + why + ')'), "", true};
}

// Why the exporter that usually runs here is not asked; empty where it answers.
std::string RefusalOf(const Fetch& fetch) {
  try {
    const FetchAnswer answer = fetch("/api/v1/node", "");
    constexpr long kOk = 200;
    constexpr long kUnauthorized = 401;
    if (answer.status == kUnauthorized) {
      return std::string("the exporter at ") + kUsualUrl + " asks for a password";
    }
    if (answer.status == kOk) {
      ParseNode(answer.body);
      return {};
    }
  } catch (const std::exception&) {
    // Nobody is there, or somebody else.
  }
  return std::string("no exporter at ") + kUsualUrl;
}

Source Choose(const TopOptions& options, const OpenHost& open_host) {
  if (options.direct) return OpenDirect(open_host, "");
  if (!options.url.empty()) {
    HttpSource http = OpenHttp(options.url, kPatience);
    return {std::move(http.fetch), http.name, http.name + ": ", false};
  }
  std::string refusal;
  try {
    HttpSource http = OpenHttp(kUsualUrl, kShortPatience);
    refusal = RefusalOf(http.fetch);
    if (refusal.empty()) return {std::move(http.fetch), http.name, http.name + ": ", false};
  } catch (const std::exception& error) {
    refusal = error.what();  // no libcurl
  }
  return OpenDirect(open_host, refusal);
}

// What a function of `source` says, with one line that names the source where it fails.
template <typename Asked>
auto Answered(const Source& source, const Asked& asked) {
  try {
    return asked();
  } catch (const std::exception& error) {
    throw std::runtime_error(source.prefix + Printable(error.what()));
  }
}

void Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error("cannot write to standard output: " +
                             std::generic_category().message(errno));
  }
}

TableWidth PlainWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0) {
    return {size.ws_col, true};
  }
  return {kPlainColumns, false};
}

size_t RowsOf(const TopOptions& options, size_t usual) {
  return options.rows == 0 ? usual : static_cast<size_t>(options.rows);
}

void PrintTable(const TopOptions& options, const Source& source, Charset charset) {
  Wish wish;
  wish.listing.sort = options.sort;
  wish.limit = RowsOf(options, kPlainRows);
  const Look look = Answered(source, [&] { return LookAt(source.fetch, wish); });
  const TableWidth width = PlainWidth();
  Scene scene;
  scene.source = source.name;
  scene.look = &look;
  scene.size = {kPlainHeight, width.cells};
  scene.charset = charset;
  Print(PlainTable(scene, width));
}

void PrintScript(const TopOptions& options, const Source& source) {
  Listing listing;
  listing.sort = options.sort;
  Print(Answered(source,
                 [&] { return ScriptLook(source.fetch, listing, RowsOf(options, kScriptRows)); }));
}

}  // namespace

int Top(const TopOptions& options, const OpenHost& open_host) {
  const Charset charset = ChooseCharset();
  const bool plain = options.once || options.json || !CanDrawOnTerminal();
  if (!plain) {
    const SessionSignals signals;  // before any thread runs
    const Source source = Choose(options, open_host);
    Controls controls(options.sort, options.interval);
    // Whoever does not answer now was named wrongly; who goes away later is waited for.
    Look first = Answered(source, [&] { return LookAt(source.fetch, controls.wish(kPlainRows)); });
    Session session(source.fetch, source.name, std::move(controls), std::move(first), charset);
    return session.Run(signals);
  }
  const Source source = Choose(options, open_host);
  // What the host was like before is not known: a change takes two looks.
  if (source.direct) std::this_thread::sleep_for(std::chrono::seconds(1));
  if (options.json) {
    PrintScript(options, source);
  } else {
    PrintTable(options, source, charset);
  }
  return 0;
}

}  // namespace memleak
