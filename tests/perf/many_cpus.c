// Runs many_cpus.bpf.c for machines of so many CPUs and prints a line "CPUS NAME NANOSECONDS" for
// each way to add up the counters of one process: `many_cpus CPUS...`. Needs CAP_BPF, CAP_PERFMON
// and CAP_NET_ADMIN. Nanoseconds are CPU time of this process; the median of the rounds.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "many_cpus.skel.h"

enum { kProcesses = 10000, kRounds = 5, kMaxCpus = 1024, kPageBytes = 4096 };

// Near: what was made one after the other lies so, and two processes share a cache line, which is
// how a host looks that has just started. Far: each has a line of its own, and the next process is
// not where the last one was.
struct Layout {
  const char* name;
  unsigned bytes_apart;
  unsigned step;
};
static const struct Layout kLayouts[] = {{"near", 32, 1}, {"far", 64, 3779}};

static double CpuNanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int Ascending(const void* a, const void* b) {
  const double left = *(const double*)a;
  const double right = *(const double*)b;
  return (left > right) - (left < right);
}

// Nanoseconds for a process; negative when the kernel refuses.
static double Run(const struct bpf_program* program) {
  char packet[64] = {0};
  double rounds[kRounds];
  for (int round = -1; round < kRounds; ++round) {
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof packet,
                .repeat = kProcesses);
    const double before = CpuNanoseconds();
    if (bpf_prog_test_run_opts(bpf_program__fd(program), &run) != 0 || run.retval != 0) {
      return -1;
    }
    // The first one fills the caches that are large enough.
    if (round >= 0) {
      rounds[round] = (CpuNanoseconds() - before) / kProcesses;
    }
  }
  qsort(rounds, kRounds, sizeof rounds[0], Ascending);
  return rounds[kRounds / 2];
}

static int Measure(unsigned cpus, const struct Layout* layout) {
  struct many_cpus_bpf* skeleton = many_cpus_bpf__open();
  if (skeleton == NULL) {
    fprintf(stderr, "many_cpus: the program cannot be opened: %s\n", strerror(errno));
    return 0;
  }
  // Whole pages: the copies of another CPU are on other ones.
  const unsigned unit =
      (kProcesses * layout->bytes_apart + kPageBytes - 1) / kPageBytes * kPageBytes;
  skeleton->rodata->cpus = cpus;
  skeleton->rodata->processes = kProcesses;
  skeleton->rodata->bytes_apart = layout->bytes_apart;
  skeleton->rodata->step = layout->step;
  for (unsigned cpu = 0; cpu < cpus; ++cpu) {
    skeleton->bss->cpu_offsets[cpu] = (unsigned long long)cpu * unit;
  }
  bpf_map__set_value_size(skeleton->maps.copies, unit);
  bpf_map__set_max_entries(skeleton->maps.copies, cpus);
  const int error = many_cpus_bpf__load(skeleton);
  if (error != 0) {
    fprintf(stderr, "many_cpus: the kernel refuses: %s\n", strerror(-error));
    many_cpus_bpf__destroy(skeleton);
    return 0;
  }
  const double nothing = Run(skeleton->progs.sum_nothing);
  const double neighbours = Run(skeleton->progs.sum_neighbours);
  const double apart = Run(skeleton->progs.sum_apart);
  many_cpus_bpf__destroy(skeleton);
  if (nothing < 0 || neighbours < 0 || apart < 0) {
    fputs("many_cpus: the kernel does not run the program\n", stderr);
    return 0;
  }
  printf("%u neighbours_%s %.0f\n", cpus, layout->name, neighbours - nothing);
  printf("%u apart_%s %.0f\n", cpus, layout->name, apart - nothing);
  return 1;
}

int main(int argc, char** argv) {
  libbpf_set_print(NULL);
  for (int i = 1; i < argc; ++i) {
    const long cpus = strtol(argv[i], NULL, 10);
    if (cpus < 1 || cpus > kMaxCpus) {
      fputs("usage: many_cpus CPUS...\n", stderr);
      return 2;
    }
    for (size_t layout = 0; layout < sizeof kLayouts / sizeof kLayouts[0]; ++layout) {
      if (!Measure((unsigned)cpus, &kLayouts[layout])) {
        return 1;
      }
    }
  }
  return 0;
}
