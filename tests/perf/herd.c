// A herd of idle processes to measure against: `herd COUNT`, this one included. Each has 13
// descriptors, a little touched memory and the name of this program's file. Prints "ready" when all
// are there. When standard input ends it ends them all and waits for the last; they end too when it
// dies itself.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kDescriptors = 13, kTouchedBytes = 65536 };

static void Idle(pid_t parent) {
  // The signal comes only for a death after this call, so look whether it came too late.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
    _exit(1);
  }
  char* memory = malloc(kTouchedBytes);
  if (memory == NULL) {
    _exit(1);
  }
  memset(memory, 1, kTouchedBytes);
  // Standard input and output too: what the leader holds open, the driver must see closed.
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < kDescriptors; ++fd) {
    if (dup2(null, fd) < 0) {
      _exit(1);
    }
  }
  for (;;) {
    pause();
  }
}

int main(int argc, char** argv) {
  const long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
  if (count < 1) {
    fputs("usage: herd COUNT\n", stderr);
    return 2;
  }
  // One process group, so that one signal reaches the whole herd. A session leader has one already.
  (void)setpgid(0, 0);
  const pid_t leader = getpid();
  for (long i = 1; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      Idle(leader);
    }
    if (child < 0) {
      perror("herd: fork");
      return 1;
    }
  }
  puts("ready");
  fflush(stdout);
  char ignored;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (wait(NULL) > 0) {
  }
  return 0;
}
