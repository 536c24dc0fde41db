#include "exporter/host/process/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "exporter/host/unique_fd.h"
#include "tests/catch.h"

namespace memleak {
namespace {

UniqueFd FileOf(const std::string& bytes) {
  UniqueFd file(memfd_create("elf", MFD_CLOEXEC));
  REQUIRE(write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return file;
}

// An ELF of two sections: the names, and one that is called `section`.
std::string ElfWith(const std::string& section) {
  const std::string names = std::string("\0", 1) + section + std::string("\0", 1);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 2;
  header.e_shstrndx = 0;
  header.e_shoff = sizeof header;
  Elf64_Shdr sections[2]{};
  sections[0].sh_offset = sizeof header + sizeof sections;
  sections[0].sh_size = names.size();
  sections[1].sh_name = 1;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(sections), sizeof sections);
  return bytes + names;
}

}  // namespace

TEST_CASE("a section is found by its whole name") {
  const UniqueFd file = FileOf(ElfWith(".go.buildinfo"));
  CHECK(ElfHasSection(file.get(), ".go.buildinfo"));
  CHECK_FALSE(ElfHasSection(file.get(), ".go"));
  CHECK_FALSE(ElfHasSection(file.get(), ".text"));
}

TEST_CASE("a running program of C++ has .text and no Go build information") {
  const UniqueFd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  CHECK(ElfHasSection(self.get(), ".text"));
  CHECK_FALSE(ElfHasSection(self.get(), ".go.buildinfo"));
}

TEST_CASE("a file that is cut off anywhere has no sections") {
  const std::string whole = ElfWith(".go.buildinfo");
  for (size_t size = 0; size < whole.size() - 1; size += 3) {
    CHECK_FALSE(ElfHasSection(FileOf(whole.substr(0, size)).get(), ".go.buildinfo"));
  }
}

TEST_CASE("other files have no sections") {
  CHECK_FALSE(ElfHasSection(FileOf("").get(), ".text"));
  CHECK_FALSE(ElfHasSection(FileOf("#!/bin/sh\n" + std::string(1000, 'x')).get(), ".text"));
  CHECK_FALSE(ElfHasSection(-1, ".text"));
}

}  // namespace memleak
