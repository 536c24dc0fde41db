#include "exporter/host/process/elf.h"

#include <elf.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace memleak {
namespace {

constexpr size_t kMaxTableBytes = size_t{64} * 1024;

bool ReadAt(int fd, uint64_t offset, void* out, size_t size) {
  return pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

}  // namespace

bool ElfHasSection(int fd, const char* section) {
  Elf64_Ehdr header;
  if (!ReadAt(fd, 0, &header, sizeof header)) return false;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shstrndx >= header.e_shnum) {
    return false;
  }
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  const size_t table_bytes = sections.size() * sizeof(Elf64_Shdr);
  if (table_bytes > kMaxTableBytes || !ReadAt(fd, header.e_shoff, sections.data(), table_bytes)) {
    return false;
  }
  const Elf64_Shdr& names = sections[header.e_shstrndx];
  if (names.sh_size == 0 || names.sh_size > kMaxTableBytes) return false;
  std::vector<char> text(names.sh_size + 1);  // the last byte stays NUL
  if (!ReadAt(fd, names.sh_offset, text.data(), names.sh_size)) return false;
  for (const Elf64_Shdr& candidate : sections) {
    if (candidate.sh_name < names.sh_size &&
        std::string_view(text.data() + candidate.sh_name) == section) {
      return true;
    }
  }
  return false;
}

}  // namespace memleak
