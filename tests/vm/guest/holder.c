/* Holds memory of the kinds that were asked for, one argument each, in order, and then sleeps:
     anon=MIB  lazyfree=MIB  locked=MIB  memfd=MIB  sparse=COUNT (pages, each with a page table)
     reread=MIB (of the anonymous memory, so that what was swapped out comes back unmodified)
     write=FILE:MIB  read=FILE:TIMES  map=FILE
     pipes=COUNT (1 MiB each, full)  names=FOLDER:COUNT (that are not there)  tcp=MIB  unix=MIB
     threads=COUNT  fork=COUNT (children go on with the rest)  uid=ID  comm=NAME
   When all is done it leaves an empty file /run/ready/PID. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t kMiB = 1 << 20;
static char* anon_memory;

static void Check(int ok, const char* what) {
  if (!ok) {
    fprintf(stderr, "holder: %s: %s\n", what, strerror(errno));
    exit(1);
  }
}

/* Half of each page is noise, so that it compresses about two to one and no two pages are alike. */
static void Fill(char* memory, size_t size) {
  static unsigned long state = 88172645463325252UL;
  for (size_t page = 0; page < size; page += 4096) {
    for (size_t at = page; at < page + 2048; at += sizeof state) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      memcpy(memory + at, &state, sizeof state);
    }
    memory[page + 2048] = 1;
  }
}

static char* Map(size_t size, int flags, int fd) {
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  Check(memory != MAP_FAILED, "mmap");
  return memory;
}

static char* Anonymous(size_t size) {
  char* memory = Map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  Fill(memory, size);
  return memory;
}

static void Touch(const char* memory, size_t size) {
  for (size_t at = 0; at < size; at += 4096) {
    (void)*(const volatile char*)(memory + at);
  }
}

static void WriteFile(const char* path, size_t mib) {
  char* block = malloc(kMiB);
  Check(block != NULL, "malloc");
  int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
  Check(fd >= 0, path);
  for (size_t i = 0; i < mib; i++) {
    Fill(block, kMiB);
    Check(write(fd, block, kMiB) == (ssize_t)kMiB, path);
    /* On a slow disk a small cgroup full of pages that are not written yet is out of memory. */
    if (i % 8 == 7 || i + 1 == mib) {
      Check(fsync(fd) == 0, path);
    }
  }
  free(block);
}

static void ReadFile(const char* path, size_t times) {
  static char block[65536];
  int fd = open(path, O_RDONLY);
  Check(fd >= 0, path);
  for (size_t i = 0; i < times; i++) {
    Check(lseek(fd, 0, SEEK_SET) == 0, path);
    while (read(fd, block, sizeof block) > 0) {
    }
  }
}

static void MapFile(const char* path) {
  struct stat status;
  int fd = open(path, O_RDWR);
  Check(fd >= 0 && fstat(fd, &status) == 0, path);
  Touch(Map((size_t)status.st_size, MAP_SHARED, fd), (size_t)status.st_size);
}

static void FillPipe(void) {
  static char block[65536];
  int ends[2];
  Check(pipe2(ends, O_NONBLOCK) == 0, "pipe");
  Check(fcntl(ends[1], F_SETPIPE_SZ, kMiB) > 0, "F_SETPIPE_SZ");
  while (write(ends[1], block, sizeof block) > 0) {
  }
}

static void LookUpNames(const char* folder, size_t count) {
  char path[320];
  struct stat status;
  for (size_t i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/a-name-that-is-not-there-%zu", folder, i);
    Check(stat(path, &status) != 0, path);
  }
}

/* Sends what nobody reads, until SIZE bytes are under way or no more fits. */
static void Send(int fd, size_t size) {
  static char block[65536];
  for (size_t sent = 0; sent < size;) {
    ssize_t more = send(fd, block, sizeof block, MSG_DONTWAIT);
    if (more <= 0) {
      break;
    }
    sent += (size_t)more;
  }
}

static void FillTcp(size_t size) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int buffer = (int)size;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(client, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  Check(bind(listener, (struct sockaddr*)&address, length) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, (struct sockaddr*)&address, &length) == 0 &&
            connect(client, (struct sockaddr*)&address, length) == 0 &&
            accept(listener, NULL, NULL) >= 0,
        "tcp");
  /* The window opens as data arrives, so not all fits at once. */
  for (int i = 0; i < 20; i++) {
    Send(client, size);
    usleep(50000);
  }
}

static void FillUnix(size_t size) {
  int ends[2];
  int buffer = (int)size;
  Check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  Send(ends[0], size);
}

static void* Sleep(void* unused) {
  for (;;) {
    pause();
  }
  return unused;
}

static void Hold(const char* kind, const char* value) {
  size_t number = strtoul(value, NULL, 10);
  char path[256];
  snprintf(path, sizeof path, "%s", value);
  char* colon = strrchr(path, ':');
  size_t times = 0;
  if (colon != NULL) {
    *colon = '\0';
    times = strtoul(colon + 1, NULL, 10);
  }
  if (strcmp(kind, "anon") == 0) {
    anon_memory = Anonymous(number * kMiB);
  } else if (strcmp(kind, "reread") == 0) {
    Check(anon_memory != NULL, "reread without anon");
    Touch(anon_memory, number * kMiB);
  } else if (strcmp(kind, "lazyfree") == 0) {
    char* memory = Anonymous(number * kMiB);
    Check(madvise(memory, number * kMiB, MADV_FREE) == 0, "MADV_FREE");
  } else if (strcmp(kind, "locked") == 0) {
    char* memory = Anonymous(number * kMiB);
    Check(mlock(memory, number * kMiB) == 0, "mlock");
  } else if (strcmp(kind, "memfd") == 0) {
    int fd = memfd_create("held", 0);
    Check(fd >= 0 && ftruncate(fd, (off_t)(number * kMiB)) == 0, "memfd");
    Fill(Map(number * kMiB, MAP_SHARED, fd), number * kMiB);
  } else if (strcmp(kind, "sparse") == 0) {
    char* memory = Map(number * 2 * kMiB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    Check(madvise(memory, number * 2 * kMiB, MADV_NOHUGEPAGE) == 0, "MADV_NOHUGEPAGE");
    for (size_t i = 0; i < number; i++) {
      Fill(memory + i * 2 * kMiB, 4096);
    }
  } else if (strcmp(kind, "write") == 0) {
    WriteFile(path, times);
  } else if (strcmp(kind, "read") == 0) {
    ReadFile(path, times);
  } else if (strcmp(kind, "map") == 0) {
    MapFile(path);
  } else if (strcmp(kind, "pipes") == 0) {
    for (size_t i = 0; i < number; i++) {
      FillPipe();
    }
  } else if (strcmp(kind, "names") == 0) {
    LookUpNames(path, times);
  } else if (strcmp(kind, "tcp") == 0) {
    FillTcp(number * kMiB);
  } else if (strcmp(kind, "unix") == 0) {
    FillUnix(number * kMiB);
  } else if (strcmp(kind, "threads") == 0) {
    for (size_t i = 0; i < number; i++) {
      pthread_t thread;
      Check(pthread_create(&thread, NULL, Sleep, NULL) == 0, "pthread_create");
    }
  } else if (strcmp(kind, "fork") == 0) {
    for (size_t i = 0; i < number; i++) {
      if (fork() == 0) {
        return;
      }
    }
    pause();
  } else if (strcmp(kind, "uid") == 0) {
    Check(setgid((gid_t)number) == 0 && setuid((uid_t)number) == 0, "setuid");
  } else if (strcmp(kind, "comm") == 0) {
    Check(prctl(PR_SET_NAME, value) == 0, "PR_SET_NAME");
  } else {
    fprintf(stderr, "holder: %s: no such kind\n", kind);
    exit(2);
  }
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    char kind[32];
    const char* equals = strchr(argv[i], '=');
    if (equals == NULL || (size_t)(equals - argv[i]) >= sizeof kind) {
      fprintf(stderr, "holder: %s: not KIND=VALUE\n", argv[i]);
      return 2;
    }
    snprintf(kind, sizeof kind, "%.*s", (int)(equals - argv[i]), argv[i]);
    Hold(kind, equals + 1);
  }
  char ready[64];
  snprintf(ready, sizeof ready, "/run/ready/%d", (int)getpid());
  int fd = open(ready, O_CREAT | O_WRONLY, 0644);
  Check(fd >= 0, ready);
  close(fd);
  Sleep(NULL);
}
