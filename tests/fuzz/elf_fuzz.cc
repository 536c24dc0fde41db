// Executables: any process can point us at any file.
#include <sys/mman.h>
#include <unistd.h>

#include "exporter/host/process/elf.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  static const int file = memfd_create("elf", MFD_CLOEXEC);
  Require(file >= 0, "a file to write to");
  Require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
          "the file holds the input");
  constexpr const char* kSection = ".go.buildinfo";
  Require(!ElfHasSection(file, kSection) ||
              InputText(data, size).find(kSection) != std::string_view::npos,
          "a section's name stands in the file");
  return 0;
}
