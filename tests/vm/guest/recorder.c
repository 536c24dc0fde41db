/* recorder OUTPUT FOLDER...: writes a tar archive of what this host shows in /proc and /sys, and of
   FOLDERs, to OUTPUT (a file or a block device). Everything is read into memory that was touched
   before, in one go, and written afterwards, so that the reading changes little of what it reads.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kBlock = 512, kArena = 32 << 20, kPath = 1024, kMaxKernelThreads = 4 };
static char* arena;
static size_t used;

static void Fail(const char* what) {
  fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* Room for SIZE bytes, as zeros, in whole blocks. */
static char* Append(size_t size) {
  char* place = arena + used;
  used += (size + kBlock - 1) / kBlock * kBlock;
  if (used > kArena) {
    errno = ENOMEM;
    Fail("more than fits");
  }
  return place;
}

static void Entry(const char* name, char type, size_t size, const char* link);

/* A name or target that is too long for the header goes before it in an entry of its own. */
static void Long(char type, const char* text) {
  Entry("././@LongLink", type, strlen(text) + 1, "");
  memcpy(Append(strlen(text) + 1), text, strlen(text));
}

static void Entry(const char* name, char type, size_t size, const char* link) {
  while (*name == '/') {
    name++;
  }
  if (strlen(name) >= 100) {
    Long('L', name);
  }
  if (strlen(link) >= 100) {
    Long('K', link);
  }
  char* header = Append(kBlock);
  snprintf(header, 100, "%.99s", name);
  snprintf(header + 100, 8, "%07o", type == '5' ? 0755u : 0644u);
  snprintf(header + 108, 8, "%07o", 0u);
  snprintf(header + 116, 8, "%07o", 0u);
  snprintf(header + 124, 12, "%011lo", (unsigned long)size);
  snprintf(header + 136, 12, "%011o", 0u);
  header[156] = type;
  snprintf(header + 157, 100, "%.99s", link);
  memcpy(header + 257, "ustar  ", 8); /* as GNU tar, whose long names these are */
  memset(header + 148, ' ', 8);
  unsigned sum = 0;
  for (int i = 0; i < kBlock; i++) {
    sum += (unsigned char)header[i];
  }
  snprintf(header + 148, 8, "%06o", sum);
}

static void File(const char* path) {
  static char text[1 << 20];
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) {
    return;
  }
  size_t size = 0;
  ssize_t more;
  while ((more = read(fd, text + size, sizeof text - size)) > 0) {
    size += (size_t)more;
  }
  close(fd);
  if (more < 0) {
    return;
  }
  Entry(path, '0', size, "");
  memcpy(Append(size), text, size);
}

static void Link(const char* path) {
  char target[kPath];
  ssize_t size = readlink(path, target, sizeof target - 1);
  if (size >= 0) {
    target[size] = '\0';
    Entry(path, '2', 0, target);
  }
}

static void FilesOf(const char* folder, const char* const* names) {
  char path[kPath];
  for (; *names != NULL; names++) {
    snprintf(path, sizeof path, "%s/%s", folder, *names);
    File(path);
  }
}

/* Calls VISIT for each entry of FOLDER but the dots. */
static void Each(const char* folder, void (*visit)(const char* path, const char* name, int type)) {
  DIR* entries = opendir(folder);
  if (entries == NULL) {
    return;
  }
  struct dirent* entry;
  while ((entry = readdir(entries)) != NULL) {
    char path[kPath];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
      continue;
    }
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path) {
      visit(path, entry->d_name, entry->d_type);
    }
  }
  closedir(entries);
}

static void Cgroup(const char* path);

static void CgroupEntry(const char* path, const char* name, int type) {
  (void)name;
  if (type == DT_DIR) {
    Cgroup(path);
  } else if (type == DT_LNK) {
    Link(path); /* such as cpu -> cpu,cpuacct */
  }
}

static void Cgroup(const char* path) {
  static const char* const kFiles[] = {
      "cgroup.procs", "cgroup.controllers", "cgroup.subtree_control", "cgroup.events",
      "cgroup.type", "pids.current",
      /* v2 */
      "memory.current", "memory.stat", "memory.max", "memory.high", "memory.peak", "memory.events",
      "memory.swap.current", "memory.swap.max", "memory.zswap.current", "memory.pressure",
      /* v1 */
      "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.soft_limit_in_bytes",
      "memory.max_usage_in_bytes", "memory.memsw.usage_in_bytes", "memory.memsw.limit_in_bytes",
      "memory.kmem.usage_in_bytes", "memory.kmem.tcp.usage_in_bytes", "memory.failcnt",
      "memory.oom_control", "memory.use_hierarchy", NULL};
  Entry(path, '5', 0, "");
  FilesOf(path, kFiles);
  Each(path, CgroupEntry);
}

static void Descriptor(const char* path, const char* name, int type) {
  (void)name;
  (void)type;
  Link(path);
}

static void Process(const char* path, const char* name, int type) {
  static const char* const kFiles[] = {"stat", "status", "cmdline", "limits", "cgroup", NULL};
  static int kernel_threads;
  char below[kPath + 16];
  (void)type;
  if (!isdigit((unsigned char)*name)) {
    return;
  }
  snprintf(below, sizeof below, "%s/exe", path);
  char target[kPath];
  if (readlink(below, target, sizeof target) < 0 && ++kernel_threads > kMaxKernelThreads) {
    return;
  }
  Entry(path, '5', 0, "");
  FilesOf(path, kFiles);
  Link(below);
  snprintf(below, sizeof below, "%s/fd", path);
  Entry(below, '5', 0, "");
  Each(below, Descriptor);
  if (strcmp(name, "1") == 0) {
    static const char* const kMounts[] = {"mountinfo", "mounts", NULL};
    FilesOf(path, kMounts);
  }
}

static void Tree(const char* path, const char* name, int type) {
  (void)name;
  if (type == DT_DIR) {
    Entry(path, '5', 0, "");
    Each(path, Tree);
  } else if (type == DT_LNK) {
    Link(path);
  } else {
    File(path);
  }
}

int main(int argc, char** argv) {
  static const char* const kProc[] = {
      "version",   "meminfo",  "uptime",         "stat",    "vmstat", "swaps",   "pressure/memory",
      "buddyinfo", "slabinfo", "sys/fs/file-nr", "cgroups", "mounts", "loadavg", NULL};
  static const char* const kCpus[] = {"online", "possible", "present", NULL};
  if (argc < 2) {
    fprintf(stderr, "usage: recorder OUTPUT FOLDER...\n");
    return 2;
  }
  arena = malloc(kArena);
  if (arena == NULL) {
    Fail("malloc");
  }
  memset(arena, 1, kArena);
  memset(arena, 0, kArena);
  Cgroup("/sys/fs/cgroup");
  FilesOf("/proc", kProc);
  Each("/proc", Process);
  FilesOf("/sys/devices/system/cpu", kCpus);
  for (int i = 2; i < argc; i++) {
    Tree(argv[i], "", DT_DIR);
  }
  Append(2 * kBlock);
  int fd = open(argv[1], O_WRONLY | O_CREAT, 0644);
  if (fd < 0) {
    Fail(argv[1]);
  }
  for (size_t written = 0; written < used;) {
    ssize_t more = write(fd, arena + written, used - written);
    if (more <= 0) {
      Fail(argv[1]);
    }
    written += (size_t)more;
  }
  if (fsync(fd) != 0 || close(fd) != 0) {
    Fail(argv[1]);
  }
  return 0;
}
