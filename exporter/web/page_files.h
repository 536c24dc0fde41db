// The page's files as they are sent: compressed once, at the first request that takes gzip.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "exporter/web/endpoints.h"
#include "exporter/web/page/assets.h"

namespace memleak {

class PageFiles {
 public:
  // Any thread. Nothing is sent again to who has it.
  HttpResponse Answer(const HttpRequest& request, const Asset& asset);

 private:
  const std::string& Compressed(const Asset& asset);

  std::mutex mutex_;
  std::map<const Asset*, std::string> compressed_;  // what is in it stays as it is
};

}  // namespace memleak
