// A process that does what it is told, one command a line on standard input, one answer a line on
// standard output ("ok", "ok PID" or "error REASON"): the tests compare what the exporter says of
// it with what the kernel says. It ends with its standard input; its children end with it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct Arguments {
  char* text[15];
  long number[15];
};

// What a command returns: kFailed (errno says why), 0, or the pid it made.
enum { kFailed = -1 };

static char* block;
static size_t block_size;

static long Result(bool good) { return good ? 0 : kFailed; }

static void TouchPages(char* memory, size_t size) {
  for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
}

static void BurnCpu(long milliseconds) {
  struct timespec now;
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_sec * 1000L + now.tv_nsec / 1000000 < milliseconds);
}

// A child that waits to be killed, by us or by our end.
static void WaitAsChild(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) pause();
}

// alloc BYTES: private memory, untouched.
static long Allocate(struct Arguments* arguments) {
  block_size = (size_t)arguments->number[0];
  block = mmap(NULL, block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return Result(block != MAP_FAILED && madvise(block, block_size, MADV_NOHUGEPAGE) == 0);
}

// touch: every page of what was allocated.
static long Touch(struct Arguments* arguments) {
  (void)arguments;
  TouchPages(block, block_size);
  return 0;
}

// free: what was allocated.
static long Free(struct Arguments* arguments) {
  (void)arguments;
  return Result(munmap(block, block_size) == 0);
}

// fds COUNT
static long OpenDescriptors(struct Arguments* arguments) {
  for (long i = 0; i < arguments->number[0]; ++i) {
    if (open("/dev/null", O_RDONLY) < 0) return kFailed;
  }
  return 0;
}

// map PATH: a file, shared, every page read.
static long MapFile(struct Arguments* arguments) {
  const int file = open(arguments->text[0], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return kFailed;
  const size_t size = (size_t)status.st_size;
  const volatile char* memory = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return kFailed;
  for (size_t at = 0; at < size; at += 4096) (void)memory[at];
  return Result(close(file) == 0);
}

static long MapShared(int flags, int file, size_t size) {
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0);
  if (memory == MAP_FAILED) return kFailed;
  TouchPages(memory, size);
  return 0;
}

// shm BYTES: shared anonymous memory, touched.
static long ShareAnonymous(struct Arguments* arguments) {
  return MapShared(MAP_ANONYMOUS, -1, (size_t)arguments->number[0]);
}

// memfd BYTES: a memfd, mapped and touched.
static long ShareMemfd(struct Arguments* arguments) {
  const int file = memfd_create("actor", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, arguments->number[0]) != 0) return kFailed;
  return MapShared(0, file, (size_t)arguments->number[0]);
}

struct Work {
  long milliseconds;
  bool stays;
};
static atomic_long idle_threads;

static void* ThreadMain(void* argument) {
  const struct Work* work = argument;
  BurnCpu(work->milliseconds);
  if (work->stays) {
    ++idle_threads;
    for (;;) pause();
  }
  return NULL;
}

// threads STAY END MS: STAY threads that burn CPU and then live on idle, END that burn and end.
static long StartThreads(struct Arguments* arguments) {
  enum { kMaxEnding = 256 };
  static struct Work staying, ending;
  pthread_t threads[kMaxEnding];
  const long stay = arguments->number[0];
  const long end = arguments->number[1];
  const long expected_idle = idle_threads + stay;
  staying = (struct Work){arguments->number[2], true};
  ending = (struct Work){arguments->number[2], false};
  if (end > kMaxEnding) return kFailed;
  for (long i = 0; i < end; ++i) {
    if (pthread_create(&threads[i], NULL, ThreadMain, &ending) != 0) return kFailed;
  }
  for (long i = 0; i < stay; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, ThreadMain, &staying) != 0) return kFailed;
  }
  for (long i = 0; i < end; ++i) pthread_join(threads[i], NULL);
  while (idle_threads < expected_idle) usleep(1000);
  return 0;
}

// burn MS
static long Burn(struct Arguments* arguments) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  BurnCpu(now.tv_sec * 1000L + now.tv_nsec / 1000000 + arguments->number[0]);
  return 0;
}

// fork
static long Fork(struct Arguments* arguments) {
  (void)arguments;
  const pid_t pid = fork();
  if (pid == 0) WaitAsChild();
  return pid;
}

// Forks; the child gets the pid `wanted` if that is not 0, which must be free.
static long ForkAs(pid_t wanted) {
  if (wanted == 0) return fork();
  struct clone_args how = {
      .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&wanted, .set_tid_size = 1};
  return syscall(SYS_clone3, &how, sizeof how);
}

// fork-burner MS [PID]: a child that uses a CPU for so long and then waits; answers when it waits.
static long ForkBurner(struct Arguments* arguments) {
  int done[2];
  char byte;
  if (pipe(done) != 0) return kFailed;
  const long pid = ForkAs((pid_t)arguments->number[1]);
  if (pid == 0) {
    BurnCpu(arguments->number[0]);
    if (write(done[1], "x", 1) != 1) _exit(1);
    close(done[0]);
    close(done[1]);
    WaitAsChild();
  }
  const int error = errno;
  close(done[1]);
  const bool good = pid > 0 && read(done[0], &byte, 1) == 1;
  close(done[0]);
  errno = error;
  return good ? pid : kFailed;
}

// reap PID
static long Reap(struct Arguments* arguments) {
  const pid_t pid = (pid_t)arguments->number[0];
  return Result(waitpid(pid, NULL, 0) == pid);
}

// kill PID: a child of ours; answers when nothing is left of it.
static long KillAndReap(struct Arguments* arguments) {
  if (kill((pid_t)arguments->number[0], SIGKILL) != 0) return kFailed;
  return Reap(arguments);
}

// zombie: a child that has ended and that nobody has waited for.
static long MakeZombie(struct Arguments* arguments) {
  (void)arguments;
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t info;
  const bool good = pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0;
  return good ? pid : kFailed;
}

// churn COUNT: short-lived processes, eight at a time, so that some end while they are being read.
static long Churn(struct Arguments* arguments) {
  long running = 0;
  for (long i = 0; i < arguments->number[0]; ++i) {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid < 0) return kFailed;
    if (++running == 8) {
      wait(NULL);
      --running;
    }
  }
  for (; running > 0; --running) wait(NULL);
  return 0;
}

// name [HEX]: the bytes of a new comm, or none.
static long SetName(struct Arguments* arguments) {
  const char* hex = arguments->text[0] != NULL ? arguments->text[0] : "";
  char name[16] = {0};
  for (size_t i = 0; i < sizeof name - 1 && hex[2 * i] != '\0'; ++i) {
    const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    name[i] = (char)strtol(digits, NULL, 16);
  }
  return Result(prctl(PR_SET_NAME, name) == 0);
}

// exec PATH ARGUMENT...: becomes another program; pid and start time stay.
static long Exec(struct Arguments* arguments) {
  execv(arguments->text[0], arguments->text);
  return kFailed;
}

static const struct {
  const char* name;
  long (*run)(struct Arguments*);
  int arguments;
} kCommands[] = {
    {"alloc", Allocate, 1},
    {"touch", Touch, 0},
    {"free", Free, 0},
    {"fds", OpenDescriptors, 1},
    {"map", MapFile, 1},
    {"shm", ShareAnonymous, 1},
    {"memfd", ShareMemfd, 1},
    {"threads", StartThreads, 3},
    {"burn", Burn, 1},
    {"fork", Fork, 0},
    {"fork-burner", ForkBurner, 1},
    {"kill", KillAndReap, 1},
    {"reap", Reap, 1},
    {"zombie", MakeZombie, 0},
    {"churn", Churn, 1},
    {"name", SetName, 0},
    {"exec", Exec, 1},
};

static long RunCommand(char* line) {
  struct Arguments arguments = {{0}, {0}};
  const char* name = strtok(line, " \n");
  int count = 0;
  for (char* word; count < 14 && (word = strtok(NULL, " \n")) != NULL; ++count) {
    arguments.text[count] = word;
    arguments.number[count] = strtol(word, NULL, 10);
  }
  for (size_t i = 0; name != NULL && i < sizeof kCommands / sizeof kCommands[0]; ++i) {
    if (strcmp(kCommands[i].name, name) == 0 && count >= kCommands[i].arguments) {
      return kCommands[i].run(&arguments);
    }
  }
  errno = EINVAL;
  return kFailed;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  char line[16384];
  while (fgets(line, sizeof line, stdin) != NULL) {
    errno = 0;
    const long result = RunCommand(line);
    if (result < 0) {
      printf("error %s\n", strerror(errno));
    } else if (result == 0) {
      puts("ok");
    } else {
      printf("ok %ld\n", result);
    }
  }
  return 0;
}
