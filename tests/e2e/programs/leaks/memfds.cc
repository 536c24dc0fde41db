// Shared memory that a program maps for each of its messages (memfd_create(2)); the descriptors are
// closed, so that only the mappings are left.
//
//   memfds SCHEDULE BYTES [COUNT]
//
// SCHEDULE (see pace.h) is messages per second. With COUNT, the oldest of so many is unmapped for a
// new one; without, none ever is.
#include <sys/mman.h>

#include <cstdint>
#include <deque>
#include <iostream>

#include "pace.h"

namespace memleak {
namespace {

char* NewMessage(size_t size) {
  const int file = memfd_create("message", MFD_CLOEXEC);
  void* memory = MAP_FAILED;
  if (file >= 0 && ftruncate(file, static_cast<off_t>(size)) == 0) {
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  if (memory == MAP_FAILED) {
    Die("memfd_create or mmap");
  }
  close(file);
  return Fill(static_cast<char*>(memory), size);
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: memfds SCHEDULE BYTES [COUNT]\n";
    return 2;
  }
  const Schedule schedule(argv[1]);
  const size_t size = std::strtoul(argv[2], nullptr, 10);
  const size_t count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : SIZE_MAX;
  Requests messages(schedule);
  std::deque<char*> ring;
  Pace pace;
  while (pace.Wait()) {
    for (long due = messages.Due(pace.seconds()); due > 0; --due) {
      if (ring.size() == count) {
        munmap(ring.front(), size);
        ring.pop_front();
      }
      ring.push_back(NewMessage(size));
    }
  }
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) { return memleak::Main(argc, argv); }
