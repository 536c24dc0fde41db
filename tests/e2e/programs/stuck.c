// A process whose command line cannot be read, ever: whoever tries waits for a lock that it holds
// while it waits for a file system that does not answer.
//
//   stuck MOUNTPOINT        so is this one
//   stuck MOUNTPOINT file   this one can be read; what does not answer is a file that it has open
//
// The parent is that file system: a FUSE server (linux/fuse.h, Documentation/filesystems/fuse) with
// one file. The child maps the file, shared, dirties its page and maps something else over it. The
// kernel then writes the page back (fuse_vma_close) under the child's mmap lock, and the server
// does not answer. Since Linux 4.17 a command line on a page of the file itself would not do: it is
// not read from file-backed pages. With `file` it waits for an fsync(2), and the kernel remembers
// no attributes of that file: who asks for them waits, too.
//
// Prints "stuck PID" when it is so, or "unsupported: REASON" with exit code 77. Everything comes
// loose when the server ends: with its standard input, or by itself after five minutes. The mount
// is in a namespace of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kRootNode = FUSE_ROOT_ID, kFileNode = 2, kPage = 4096 };

static bool only_file;

static _Noreturn void Unsupported(const char* what) {
  printf("unsupported: %s: %s\n", what, strerror(errno));
  exit(77);
}

static void Reply(int device, uint64_t unique, int error, const void* payload, size_t size) {
  char buffer[sizeof(struct fuse_out_header) + kPage];
  const struct fuse_out_header header = {
      .len = (uint32_t)(sizeof header + size), .error = error, .unique = unique};
  memcpy(buffer, &header, sizeof header);
  if (size > 0) memcpy(buffer + sizeof header, payload, size);
  if (write(device, buffer, header.len) < 0 && errno != ENOENT) exit(1);
}

static struct fuse_attr Attributes(uint64_t node) {
  return (struct fuse_attr){.ino = node,
                            .size = node == kFileNode ? kPage : 0,
                            .mode = node == kFileNode ? S_IFREG | 0600 : S_IFDIR | 0700,
                            .nlink = 1,
                            .blksize = kPage};
}

static uint64_t AttributesValid(void) { return only_file ? 0 : 600; }

// Answers one request. False when it was the write back or the fsync: these are never answered.
static bool Serve(int device) {
  static char request[FUSE_MIN_READ_BUFFER + kPage];
  static const char zeros[kPage];
  if (read(device, request, sizeof request) < 0) return errno == EINTR || errno == ENOENT;
  struct fuse_in_header header;
  memcpy(&header, request, sizeof header);
  switch (header.opcode) {
    case FUSE_INIT: {
      const struct fuse_init_out init = {
          .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = kPage};
      Reply(device, header.unique, 0, &init, sizeof init);
      return true;
    }
    case FUSE_LOOKUP: {
      const struct fuse_entry_out entry = {.nodeid = kFileNode,
                                           .entry_valid = 600,
                                           .attr_valid = AttributesValid(),
                                           .attr = Attributes(kFileNode)};
      Reply(device, header.unique, 0, &entry, sizeof entry);
      return true;
    }
    case FUSE_GETATTR:
    case FUSE_SETATTR: {
      const struct fuse_attr_out attributes = {.attr_valid = AttributesValid(),
                                               .attr = Attributes(header.nodeid)};
      Reply(device, header.unique, 0, &attributes, sizeof attributes);
      return true;
    }
    case FUSE_OPEN: {
      const struct fuse_open_out opened = {.open_flags = FOPEN_KEEP_CACHE};
      Reply(device, header.unique, 0, &opened, sizeof opened);
      return true;
    }
    case FUSE_READ:
      Reply(device, header.unique, 0, zeros, sizeof zeros);
      return true;
    case FUSE_WRITE:
    case FUSE_FSYNC:
      return false;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
      return true;
    default:
      Reply(device, header.unique, -ENOSYS, NULL, 0);
      return true;
  }
}

static _Noreturn void BeStuck(const char* mountpoint) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char path[4096];
  snprintf(path, sizeof path, "%s/page", mountpoint);
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) _exit(1);
  if (only_file) _exit(fsync(file));
  char* page = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) _exit(1);
  page[0] = 1;
  mmap(page, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  _exit(1);
}

int main(int argc, char** argv) {
  only_file = argc == 3 && strcmp(argv[2], "file") == 0;
  if (argc != 2 && !only_file) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(300);
  const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) Unsupported("/dev/fuse");
  if (unshare(CLONE_NEWNS) != 0) Unsupported("a mount namespace");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) Unsupported("a private mount");
  char options[128];
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
  if (mount("stuck", argv[1], "fuse.stuck", MS_NOSUID | MS_NODEV, options) != 0) {
    Unsupported("a FUSE mount");
  }

  const pid_t child = fork();
  if (child == 0) {
    close(device);
    BeStuck(argv[1]);
  }
  while (Serve(device)) continue;
  printf("stuck %d\n", (int)child);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}
