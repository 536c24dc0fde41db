// Opens descriptors of every kind and says how many of each: one line "KIND COUNT" for each kind,
// "refused WHAT: REASON" for what this kernel or sandbox does not allow, then "ready". It ends with
// its standard input. What it inherited is not counted.
//
//   descriptors kinds DIRECTORY   some of every kind; files are made in DIRECTORY
//   descriptors fill FIRST        FIRST pipes, then event descriptors up to its hard limit
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static const char* const kKinds[] = {"socket",  "pipe",      "regular", "deleted",
                                     "eventfd", "eventpoll", "timerfd", "inotify",
                                     "memfd",   "device",    "other"};
enum { kKindCount = sizeof kKinds / sizeof kKinds[0] };
static long counts[kKindCount];

static void Die(const char* what) {
  fprintf(stderr, "descriptors: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void Count(const char* kind, long more) {
  for (size_t i = 0; i < kKindCount; ++i) {
    if (strcmp(kKinds[i], kind) == 0) {
      counts[i] += more;
      return;
    }
  }
  errno = EINVAL;
  Die(kind);
}

// A descriptor that every kernel gives.
static int Must(const char* kind, const char* what, long fd) {
  if (fd < 0) Die(what);
  Count(kind, 1);
  return (int)fd;
}

// One that not every kernel gives, or not to everybody.
static void May(const char* kind, const char* what, long fd) {
  if (fd < 0) {
    printf("refused %s: %s\n", what, strerror(errno));
  } else {
    Count(kind, 1);
  }
}

static void Check(const char* what, long result) {
  if (result < 0) Die(what);
}

static int Create(const char* name) { return open(name, O_RDWR | O_CREAT | O_EXCL, 0600); }

static void OpenSockets(void) {
  int pair[2];
  Check("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  Count("socket", 2);
  Must("socket", "tcp", socket(AF_INET, SOCK_STREAM, 0));
  Must("socket", "udp", socket(AF_INET, SOCK_DGRAM, 0));
  May("socket", "tcp over IPv6", socket(AF_INET6, SOCK_STREAM, 0));
  May("socket", "netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  May("socket", "packet", socket(AF_PACKET, SOCK_RAW, 0));

  // One that has a name, and the name.
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  const int listener = Must("socket", "unix", socket(AF_UNIX, SOCK_STREAM, 0));
  Check("bind", bind(listener, (struct sockaddr*)&address, sizeof address));
  Must("socket", "path of a socket", open("socket", O_PATH));
}

static void OpenPipes(void) {
  int ends[2];
  Check("pipe", pipe(ends));
  Count("pipe", 2);
  Check("mkfifo", mkfifo("fifo", 0600));
  Must("pipe", "FIFO", open("fifo", O_RDWR));
  Check("mkfifo", mkfifo("deleted fifo", 0600));
  Must("pipe", "deleted FIFO", open("deleted fifo", O_RDWR));
  Check("unlink", unlink("deleted fifo"));
}

static void OpenFiles(void) {
  const int plain = Must("regular", "file", Create("plain"));
  Must("regular", "dup", dup(plain));
  Must("regular", "path of a file", open("plain", O_PATH));
  Must("regular", "hostile name", Create("named so (deleted)"));
  Must("regular", "hostile name", Create("two\nlines (deleted)"));
  Must("regular", "hostile name", Create("memfd:file (deleted)"));
  Must("regular", "hostile name", Create("socket:[1]"));
  Must("regular", "file with two names", Create("one"));
  Check("link", link("one", "other"));
  Check("unlink", unlink("one"));
  Must("regular", "renamed file", Create("before"));
  Check("rename", rename("before", "after"));
  Must("regular", "file of the kernel's", open("/proc/self/status", O_RDONLY));

  Must("deleted", "deleted file", Create("gone"));
  Check("unlink", unlink("gone"));
  Must("deleted", "hostile name", Create("gone\n1"));
  Check("unlink", unlink("gone\n1"));
  Must("deleted", "replaced file", Create("replaced"));
  Must("regular", "replacement", Create("replacement"));
  Check("rename", rename("replacement", "replaced"));
  May("deleted", "O_TMPFILE", open(".", O_TMPFILE | O_RDWR, 0600));
}

static void OpenEvents(void) {
  for (int i = 0; i < 2; ++i) Must("eventfd", "eventfd", eventfd(0, 0));
  for (int i = 0; i < 3; ++i) Must("eventpoll", "epoll", epoll_create1(0));
  for (int i = 0; i < 4; ++i) Must("timerfd", "timerfd", timerfd_create(CLOCK_MONOTONIC, 0));
  for (int i = 0; i < 5; ++i) Must("inotify", "inotify", inotify_init1(0));
}

static void OpenMemory(void) {
  Must("memfd", "memfd", memfd_create("memory", 0));
  const int sealed = Must("memfd", "sealed memfd", memfd_create("sealed", MFD_ALLOW_SEALING));
  Check("seal", fcntl(sealed, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
  Must("memfd", "hostile name", memfd_create("two\nlines (deleted)", 0));
  May("memfd", "memfd of huge pages", memfd_create("huge", MFD_HUGETLB));
#ifdef SYS_memfd_secret
  May("memfd", "memfd_secret", syscall(SYS_memfd_secret, 0));
#endif
}

static void OpenDevices(void) {
  Must("device", "null", open("/dev/null", O_RDONLY));
  Must("device", "path of a device", open("/dev/zero", O_PATH));
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  May("device", "pty", master);
  if (master >= 0) {
    Check("unlockpt", unlockpt(master));
    May("device", "other end of the pty", open(ptsname(master), O_RDWR | O_NOCTTY));
  }
  if (mknod("node", S_IFCHR | 0600, makedev(1, 3)) == 0) {
    May("device", "node elsewhere", open("node", O_RDONLY));
  }
}

static void OpenOthers(void) {
  Must("other", "folder", open(".", O_RDONLY | O_DIRECTORY));
  Must("other", "path of a folder", open(".", O_PATH));
  Check("mkdir", mkdir("folder", 0700));
  Must("other", "deleted folder", open("folder", O_RDONLY));
  Check("rmdir", rmdir("folder"));
  Check("symlink", symlink("plain", "link"));
  Must("other", "path of a link", open("link", O_PATH | O_NOFOLLOW));
  Must("other", "namespace", open("/proc/self/ns/net", O_RDONLY));

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  Must("other", "signalfd", signalfd(-1, &signals, 0));
  May("other", "pidfd", syscall(SYS_pidfd_open, getpid(), 0));
  May("other", "fanotify", fanotify_init(FAN_CLASS_NOTIF, O_RDONLY));
  May("other", "userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC));
  struct io_uring_params ring = {0};
  May("other", "io_uring", syscall(SYS_io_uring_setup, 4, &ring));
  union bpf_attr map = {
      .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
  May("other", "bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event};
  event.config = PERF_COUNT_SW_DUMMY;
  event.exclude_kernel = 1;
  May("other", "perf", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}

static void Fill(long first) {
  struct rlimit limit;
  Check("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  Check("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
  for (; first > 0; --first) {
    int ends[2];
    Check("pipe", pipe(ends));
    Count("pipe", 2);
  }
  while (eventfd(0, 0) >= 0) Count("eventfd", 1);
  if (errno != EMFILE) Die("eventfd");
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 3 && strcmp(argv[1], "kinds") == 0) {
    Check("chdir", chdir(argv[2]));
    OpenSockets();
    OpenPipes();
    OpenFiles();
    OpenEvents();
    OpenMemory();
    OpenDevices();
    OpenOthers();
  } else if (argc == 3 && strcmp(argv[1], "fill") == 0) {
    Fill(strtol(argv[2], NULL, 10));
  } else {
    fputs("usage: descriptors kinds DIRECTORY | fill FIRST\n", stderr);
    return 2;
  }
  for (size_t i = 0; i < kKindCount; ++i) printf("%s %ld\n", kKinds[i], counts[i]);
  puts("ready");
  while (getchar() != EOF) continue;
  return 0;
}
