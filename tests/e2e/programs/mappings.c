// A process that grows one kind of memory at a time, one command a line on standard input ("KIND
// BYTES [PATH]"), one answer a line on standard output ("ok" or "error REASON"). What it was told
// to grow it touches, and keeps until its standard input ends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kPage = 4096 };

// What nobody keeps a compiler need not allocate.
static void* volatile kept;

static bool Touch(char* memory, size_t size) {
  for (size_t at = 0; at < size; at += kPage) memory[at] = 1;
  return true;
}

static bool MapAndTouch(size_t size, int flags, int file) {
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
  return memory != MAP_FAILED && Touch(memory, size);
}

// So small that malloc takes them from brk(2).
static bool GrowHeap(size_t size, const char* path) {
  enum { kBlock = 1000 };
  (void)path;
  for (size_t done = 0; done < size; done += kBlock) {
    char* block = malloc(kBlock);
    if (block == NULL) return false;
    memset(block, 1, kBlock);
    kept = block;
  }
  return true;
}

// So large that malloc maps it.
static bool AllocateOnce(size_t size, const char* path) {
  (void)path;
  char* block = malloc(size);
  kept = block;
  return block != NULL && Touch(block, size);
}

static bool MapAnonymous(size_t size, const char* path) {
  (void)path;
  return MapAndTouch(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

// Deep in the stack of this thread and up again: the pages stay.
static int __attribute__((noinline)) DescendBy(size_t size) {
  volatile char frame[kPage];
  frame[0] = 1;
  const int below = size > kPage ? DescendBy(size - kPage) : 0;
  // Read afterwards, so that no frame is given up before the deepest one is reached.
  return below + frame[0];
}

static bool GrowStack(size_t size, const char* path) {
  (void)path;
  return DescendBy(size) > 0;
}

struct Descent {
  size_t size;
  int done[2];
};

static void* DescendAndStay(void* argument) {
  const struct Descent* descent = argument;
  if (DescendBy(descent->size) == 0 || write(descent->done[1], "x", 1) != 1) exit(1);
  for (;;) pause();
}

static bool GrowThreadStack(size_t size, const char* path) {
  static struct Descent descent;
  pthread_attr_t attributes;
  pthread_t thread;
  char byte;
  (void)path;
  descent.size = size;
  return pipe(descent.done) == 0 && pthread_attr_init(&attributes) == 0 &&
         pthread_attr_setstacksize(&attributes, size + (1 << 20)) == 0 &&
         pthread_create(&thread, &attributes, DescendAndStay, &descent) == 0 &&
         read(descent.done[0], &byte, 1) == 1;
}

// A file of that size, private, every page read.
static bool ReadFile(size_t size, const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const volatile char* memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (file < 0 || memory == MAP_FAILED) return false;
  for (size_t at = 0; at < size; at += kPage) (void)memory[at];
  return true;
}

// The same, shared, every page written.
static bool WriteFile(size_t size, const char* path) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  return file >= 0 && MapAndTouch(size, MAP_SHARED, file);
}

static bool ShareAnonymous(size_t size, const char* path) {
  (void)path;
  return MapAndTouch(size, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static bool ShareMemfd(size_t size, const char* path) {
  (void)path;
  const int file = memfd_create("mappings [heap]", MFD_CLOEXEC);
  return file >= 0 && ftruncate(file, (off_t)size) == 0 && MapAndTouch(size, MAP_SHARED, file);
}

// `path` is its name; it is gone at once, the memory stays.
static bool SharePosix(size_t size, const char* path) {
  const int file = shm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  return file >= 0 && shm_unlink(path) == 0 && ftruncate(file, (off_t)size) == 0 &&
         MapAndTouch(size, MAP_SHARED, file);
}

static bool ShareSystemV(size_t size, const char* path) {
  (void)path;
  const int segment = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
  if (segment < 0) return false;
  char* memory = shmat(segment, NULL, 0);
  const bool attached = memory != (void*)-1;
  return shmctl(segment, IPC_RMID, NULL) == 0 && attached && Touch(memory, size);
}

static const struct {
  const char* name;
  bool (*grow)(size_t size, const char* path);
} kKinds[] = {
    {"heap", GrowHeap},
    {"malloc", AllocateOnce},
    {"anonymous", MapAnonymous},
    {"stack", GrowStack},
    {"thread-stack", GrowThreadStack},
    {"file-read", ReadFile},
    {"file-write", WriteFile},
    {"shared-anonymous", ShareAnonymous},
    {"shared-memfd", ShareMemfd},
    {"shared-posix", SharePosix},
    {"shared-sysv", ShareSystemV},
};

static bool Grow(char* line) {
  const char* name = strtok(line, " \n");
  const char* size = strtok(NULL, " \n");
  const char* path = strtok(NULL, " \n");
  errno = EINVAL;
  for (size_t i = 0; size != NULL && i < sizeof kKinds / sizeof kKinds[0]; ++i) {
    if (strcmp(kKinds[i].name, name) == 0) return kKinds[i].grow(strtoul(size, NULL, 10), path);
  }
  return false;
}

int main(void) {
  // Nothing but what was asked for changes from here on.
  static char out[256];
  char line[4096];
  setvbuf(stdout, out, _IOLBF, sizeof out);
  setvbuf(stdin, NULL, _IONBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (Grow(line)) {
      puts("ok");
    } else {
      printf("error %s\n", strerror(errno));
    }
  }
  return 0;
}
