// What an executable's ELF section names tell (elf(5)).
#pragma once

namespace memleak {

// Whether the ELF file behind `fd` has a section of this name. False for anything that is not a
// well-formed 64-bit little-endian ELF. Bounded: at most 64 KiB of headers and names are read.
bool ElfHasSection(int fd, const char* section);

}  // namespace memleak
