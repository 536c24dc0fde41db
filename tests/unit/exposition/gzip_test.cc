#include "exporter/exposition/gzip.h"

#include <libdeflate.h>

#include <random>
#include <string>
#include <thread>

#include "tests/catch.h"

namespace memleak {
namespace {

std::string Gunzip(const std::string& compressed, size_t size) {
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  std::string text(size + 1, '\0');  // one more, to notice too much output
  size_t actual = 0;
  const libdeflate_result result = libdeflate_gzip_decompress(
      decompressor, compressed.data(), compressed.size(), text.data(), text.size(), &actual);
  libdeflate_free_decompressor(decompressor);
  REQUIRE(result == LIBDEFLATE_SUCCESS);
  text.resize(actual);
  return text;
}

}  // namespace

TEST_CASE("a body comes back as it was") {
  std::string repetitive;
  for (int i = 0; i < 5'000; ++i) {
    repetitive += "memleak_process_resident_memory_bytes{pid=\"" + std::to_string(i) + "\"} 4096\n";
  }
  std::mt19937 random(7);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const std::string& body : {std::string(), std::string("x"), repetitive, noise}) {
    const std::string compressed = Gzip(body);
    REQUIRE(compressed.size() > 18);  // header and trailer
    CHECK(compressed.substr(0, 2) == "\x1f\x8b");
    CHECK(Gunzip(compressed, body.size()) == body);
  }
}

TEST_CASE("a metrics body shrinks to less than a fifth") {
  std::string body;
  for (int i = 0; i < 5'000; ++i) {
    body += "memleak_process_anon_memory_bytes{pid=\"" + std::to_string(i * 7919 % 32768) +
            "\",comm=\"worker\"} " + std::to_string(int64_t{i} * 7919 * 4096) + "\n";
  }
  CHECK(Gzip(body).size() * 5 < body.size());
}

TEST_CASE("threads compress at the same time") {
  std::string body;  // long enough that they do meet
  for (int i = 0; i < 20'000; ++i) body += std::to_string(int64_t{i} * 7919 * 104729) + ' ';
  const std::string expected = Gzip(body);
  std::string results[4];
  std::thread threads[4];
  for (int i = 0; i < 4; ++i) {
    threads[i] = std::thread([&results, &body, i] {
      for (int round = 0; round < 40; ++round) results[i] = Gzip(body);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& result : results) CHECK(result == expected);
}

}  // namespace memleak
