#include "exporter/cli/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "exporter/trend/figures.h"

namespace memleak {
namespace {

constexpr size_t kMaxUrl = 4096;
constexpr long kMaxRedirects = 5;
constexpr std::chrono::milliseconds kConnectTimeout{10'000};
// Slower than this, in bytes per second, is no answer.
constexpr long kSlowest = 1'000;

// Debian's name of the library, and of the one that GnuTLS stands behind.
constexpr std::array<const char*, 2> kLibraries{"libcurl.so.4", "libcurl-gnutls.so.4"};

void* OpenLibrary() {
  for (const char* name : kLibraries) {
    // Never closed: it registers what runs at the end of the program.
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  throw HttpError("libcurl is needed to ask a server, and is not there; install libcurl4");
}

// A function of the library by its declaration in the header.
template <typename Function>
Function* Find(void* library, const char* name) {
  void* const found = dlsym(library, name);
  if (found == nullptr) throw HttpError("libcurl is too old: it has no " + std::string(name));
  return reinterpret_cast<Function*>(found);
}

struct Body {
  std::string text;
  size_t max_bytes;
  bool too_large = false;
};

size_t Receive(char* data, size_t /*one*/, size_t size, void* to) {
  Body& body = *static_cast<Body*>(to);
  if (size > body.max_bytes - body.text.size()) {
    body.too_large = true;
    return 0;
  }
  body.text.append(data, size);
  return size;
}

}  // namespace

// The macros of the header, which check the types of options, would call the functions themselves.
#undef curl_easy_setopt
#undef curl_easy_getinfo

struct HttpClient::Curl {
  void* library = OpenLibrary();
  decltype(::curl_global_init)* global_init =
      Find<decltype(::curl_global_init)>(library, "curl_global_init");
  decltype(::curl_easy_init)* init = Find<decltype(::curl_easy_init)>(library, "curl_easy_init");
  decltype(::curl_easy_reset)* reset =
      Find<decltype(::curl_easy_reset)>(library, "curl_easy_reset");
  decltype(::curl_easy_setopt)* set =
      Find<decltype(::curl_easy_setopt)>(library, "curl_easy_setopt");
  decltype(::curl_easy_perform)* perform =
      Find<decltype(::curl_easy_perform)>(library, "curl_easy_perform");
  decltype(::curl_easy_getinfo)* get =
      Find<decltype(::curl_easy_getinfo)>(library, "curl_easy_getinfo");
  decltype(::curl_easy_strerror)* error_text =
      Find<decltype(::curl_easy_strerror)>(library, "curl_easy_strerror");
  decltype(::curl_easy_cleanup)* cleanup =
      Find<decltype(::curl_easy_cleanup)>(library, "curl_easy_cleanup");
  CURL* handle = nullptr;

  Curl() {
    if (global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) handle = init();
    if (handle == nullptr) throw HttpError("libcurl does not start");
  }
  ~Curl() { cleanup(handle); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
};

HttpClient::HttpClient(HttpUrl url, std::chrono::milliseconds timeout, size_t max_body_bytes)
    : url_(std::move(url)),
      timeout_(timeout),
      max_body_bytes_(max_body_bytes),
      curl_(std::make_unique<Curl>()) {}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::Ask(const std::string& path, const std::string& parameters) {
  const Curl& curl = *curl_;
  Body body{{}, max_body_bytes_};
  std::array<char, CURL_ERROR_SIZE> error{};
  std::string address = url_.base + path;
  const bool as_body = address.size() + parameters.size() > kMaxUrl;
  if (!as_body) address += '?' + parameters;

  curl.reset(curl.handle);  // connections stay open
  const auto set = [&](CURLoption option, auto value) { curl.set(curl.handle, option, value); };
  set(CURLOPT_URL, address.c_str());
  if (as_body) set(CURLOPT_POSTFIELDS, parameters.c_str());
  if (!url_.user.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, url_.user.c_str());
    set(CURLOPT_PASSWORD, url_.password.c_str());
  }
  set(CURLOPT_USERAGENT, "memleak_exporter");
  set(CURLOPT_ACCEPT_ENCODING, "");  // whatever the library can decode
  set(CURLOPT_PROTOCOLS_STR, url_.scheme.c_str());
  set(CURLOPT_REDIR_PROTOCOLS_STR, url_.scheme.c_str());
  if (IsLoopback(url_)) set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kMaxRedirects);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout_, kConnectTimeout).count()));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout_).count();
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(std::max<int64_t>(seconds, 1)));
  set(CURLOPT_LOW_SPEED_LIMIT, kSlowest);
  set(CURLOPT_ERRORBUFFER, error.data());
  set(CURLOPT_WRITEFUNCTION, &Receive);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&body));

  const CURLcode code = curl.perform(curl.handle);
  if (body.too_large) {
    throw HttpTooLarge("the answer is larger than " +
                       AmountText(static_cast<double>(max_body_bytes_), Quantity::kBytes));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    const double waited = static_cast<double>(timeout_.count()) / 1000;
    throw HttpError("no answer within " + DurationText(waited));
  }
  if (code != CURLE_OK) throw HttpError(error[0] != '\0' ? error.data() : curl.error_text(code));
  HttpAnswer answer;
  curl.get(curl.handle, CURLINFO_RESPONSE_CODE, &answer.status);
  answer.body = std::move(body.text);
  return answer;
}

}  // namespace memleak
