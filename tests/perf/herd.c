// A herd of idle processes to measure against: `herd COUNT [THREADS]`, this one included. Each has
// THREADS threads (one unless said), 13 descriptors, a little touched memory and the name of this
// program's file. Prints "ready" when all are there. When standard input ends it ends them all and
// waits for the last; they end too when it dies itself.
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kDescriptors = 13, kTouchedBytes = 65536, kOutOfTheWay = 100 };

static void* IdleThread(void* nothing) {
  for (;;) {
    pause();
  }
  return nothing;
}

// One is there already. 0 when they could not be made.
static int MakeThreads(long threads) {
  pthread_attr_t small;
  int made = pthread_attr_init(&small) == 0;
  made = made && pthread_attr_setstacksize(&small, (size_t)sysconf(_SC_THREAD_STACK_MIN)) == 0;
  for (long i = 1; made && i < threads; ++i) {
    pthread_t thread;
    made = pthread_create(&thread, &small, IdleThread, NULL) == 0;
  }
  return made;
}

// Tells the leader by a byte when it has become what is measured.
static void Idle(pid_t parent, long threads, int tell) {
  // The signal comes only for a death after this call, so look whether it came too late.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
    _exit(1);
  }
  char* memory = malloc(kTouchedBytes);
  if (memory == NULL || !MakeThreads(threads)) {
    _exit(1);
  }
  memset(memory, 1, kTouchedBytes);
  tell = fcntl(tell, F_DUPFD, kOutOfTheWay);
  // Standard input and output too: what the leader holds open, the driver must see closed.
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < kDescriptors; ++fd) {
    if (dup2(null, fd) < 0) {
      _exit(1);
    }
  }
  if (write(tell, "", 1) != 1) {
    _exit(1);
  }
  close(tell);
  for (;;) {
    pause();
  }
}

int main(int argc, char** argv) {
  const long count = argc >= 2 ? strtol(argv[1], NULL, 10) : 0;
  const long threads = argc == 3 ? strtol(argv[2], NULL, 10) : 1;
  if (argc > 3 || count < 1 || threads < 1) {
    fputs("usage: herd COUNT [THREADS]\n", stderr);
    return 2;
  }
  // One process group, so that one signal reaches the whole herd. A session leader has one already.
  (void)setpgid(0, 0);
  const pid_t leader = getpid();
  int told[2];
  if (pipe(told) != 0) {
    perror("herd: pipe");
    return 1;
  }
  for (long i = 1; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      Idle(leader, threads, told[1]);
    }
    if (child < 0) {
      perror("herd: fork");
      return 1;
    }
  }
  close(told[1]);
  char ignored;
  for (long i = 1; i < count; ++i) {
    // Its end: nobody is left who could tell.
    if (read(told[0], &ignored, 1) != 1) {
      fputs("herd: some did not come up\n", stderr);
      return 1;
    }
  }
  close(told[0]);
  if (!MakeThreads(threads)) {
    fputs("herd: no more threads\n", stderr);
    return 1;
  }
  puts("ready");
  fflush(stdout);
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (wait(NULL) > 0) {
  }
  return 0;
}
