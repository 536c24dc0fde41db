// churner RATE SECONDS LIFETIME: forks RATE children a second for so many SECONDS, each of which
// ends after LIFETIME milliseconds. Prints "ready", and "made COUNT" once all of them have ended.
// What it could not keep up with it makes up for. It ends with its standard input.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static long Check(long result, const char* what) {
  if (result < 0) {
    perror(what);
    exit(1);
  }
  return result;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: churner RATE SECONDS LIFETIME\n");
    return 2;
  }
  const long rate = strtol(argv[1], NULL, 10);
  const long wanted = rate * strtol(argv[2], NULL, 10);
  const unsigned lifetime_us = (unsigned)strtoul(argv[3], NULL, 10) * 1000;
  const int timer = (int)Check(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
  const struct timespec period = {0, 1000000000 / rate};
  const struct itimerspec pace = {period, period};
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  Check(timerfd_settime(timer, 0, &pace, NULL), "timerfd_settime");
  for (long made = 0; made < wanted;) {
    uint64_t due = 0;
    Check(read(timer, &due, sizeof due), "timerfd");
    for (; due > 0 && made < wanted; --due, ++made) {
      if (Check(fork(), "fork") == 0) {
        usleep(lifetime_us);
        _exit(0);
      }
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
  }
  while (wait(NULL) > 0) {
  }
  printf("made %ld\n", wanted);
  while (getchar() != EOF) {
  }
  return 0;
}
