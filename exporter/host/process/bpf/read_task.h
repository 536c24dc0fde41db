// The reading of one process in the kernel: what its structures hold, as a record (task_record.h).
// Included by task_iterator.bpf.c, whose programs find the processes, and by tests/perf for its
// loops.
//
// The kernel calls a program under RCU: what a pointer of a task leads to stays in place, and a
// read of what is gone gives 0. Pointers that are counted with or handed to functions are taken by
// BPF_CORE_READ or NUMBER_OF: to the verifier those are plain numbers. All loops are bounded, as it
// asks; what they cut is told by a flag.
#pragma once

// The helpers need the types before them.
// clang-format off
#include <linux/bpf.h>
#include "exporter/host/process/bpf/kernel_types.h"
#include "exporter/host/process/bpf/task_record.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define MAX_CPUS 1024
#define BITS_OF_WORD 64
// Loops over what has no small bound are a loop of calls of a loop: the verifier looks at the inner
// one once.
#define STRETCH 64
#define STRETCHES 64
#define MAX_FD_WORDS (STRETCH * STRETCHES)  // 262,144 descriptors
#define PF_KTHREAD 0x00200000

// Set before the program is loaded.
const volatile __u32 cpus = 1;
// A process that may be this large gets the exact sum over the CPUs; its rough count may be wrong
// by so much.
const volatile __u64 exact_from_pages = 0;
const volatile __u64 rough_error_pages = 0;

// Set before a pass: what nobody asks for is not read.
__u8 memory_wanted = 1;
__u8 fds_wanted = 1;
__u8 cgroup_wanted = MEMLEAK_CGROUP_NONE;

// Where the copies of each CPU are, in relation to the address of a per-CPU variable; set by the
// exporter, which learns it by find_cpu_offsets.
__u64 cpu_offsets[MAX_CPUS];

// The pid namespace of whom the pass is for, as a depth below the first one.
__u32 namespace_level = 0;

// What the loops add up to.
__s64 sums[MEMLEAK_RSS_KINDS];
__u64 next_thread = 0;
__u64 threads_cpu_ns = 0;
__u64 threads_major_faults = 0;

// A pointer as a plain number, without a read: it is stored, and loaded again.
__u64 pointer = 0;
#define NUMBER_OF(p)                         \
  ({                                         \
    *(volatile __u64*)&pointer = (__u64)(p); \
    *(volatile __u64*)&pointer;              \
  })
// Where what is only read ahead goes.
__u64 ahead = 0;

// Linux 6.2 and later count memory per CPU; before, a structure of this name held the counts.
static __always_inline int counts_per_cpu(void) {
  return !bpf_core_field_exists(((struct mm_struct___atomic*)0)->rss_stat.count);
}

// Adds what the CPUs hold of four counters that lie side by side (Linux 6.6 and later).
__noinline int add_neighbours(__u64 address) {
  for (__u32 cpu = 0; cpu < MAX_CPUS && cpu < cpus; ++cpu) {
    __s32 part[MEMLEAK_RSS_KINDS] = {0};
    bpf_probe_read_kernel(part, sizeof(part), (void*)(address + cpu_offsets[cpu]));
    sums[0] += part[0];
    sums[1] += part[1];
    sums[2] += part[2];
    sums[3] += part[3];
  }
  return 0;
}

// Adds what the CPUs hold of one counter.
__noinline int add_counter(__u64 address, __u32 kind) {
  __s64 sum = 0;
  for (__u32 cpu = 0; cpu < MAX_CPUS && cpu < cpus; ++cpu) {
    __s32 part = 0;
    bpf_probe_read_kernel(&part, sizeof(part), (void*)(address + cpu_offsets[cpu]));
    sum += part;
  }
  // A power of two: the verifier sees that it stays inside.
  sums[kind % MEMLEAK_RSS_KINDS] += sum;
  return 0;
}

static __always_inline __s64 at_least_0(__s64 count) { return count < 0 ? 0 : count; }

static __always_inline void read_rss(struct mm_struct* mm, struct TaskRecord* record) {
  if (!counts_per_cpu()) {
    struct mm_struct___atomic* old = (void*)mm;
    // The verifier of those kernels does not look through an array of typedefs.
    bpf_core_read(sums, sizeof(sums), &old->rss_stat.count);
    record->rss[0] = at_least_0(sums[0]);
    record->rss[1] = at_least_0(sums[1]);
    record->rss[2] = at_least_0(sums[2]);
    record->rss[3] = at_least_0(sums[3]);
    return;
  }
  sums[0] = mm->rss_stat[0].count;
  sums[1] = mm->rss_stat[1].count;
  sums[2] = mm->rss_stat[2].count;
  sums[3] = mm->rss_stat[3].count;
  __u64 largest = at_least_0(sums[MEMLEAK_RSS_FILE]) + at_least_0(sums[MEMLEAK_RSS_ANON]) +
                  at_least_0(sums[MEMLEAK_RSS_SHMEM]) + rough_error_pages;
  if (largest > record->total) largest = record->total;
  if (largest >= exact_from_pages) {
    __u64 file = NUMBER_OF(mm->rss_stat[0].counters);
    __u64 anon = NUMBER_OF(mm->rss_stat[1].counters);
    __u64 swap = NUMBER_OF(mm->rss_stat[2].counters);
    __u64 shmem = NUMBER_OF(mm->rss_stat[3].counters);
    if (anon == file + 4 && swap == file + 8 && shmem == file + 12) {
      add_neighbours(file);
    } else {
      add_counter(file, 0);
      add_counter(anon, 1);
      add_counter(swap, 2);
      add_counter(shmem, 3);
    }
  }
  record->rss[0] = at_least_0(sums[0]);
  record->rss[1] = at_least_0(sums[1]);
  record->rss[2] = at_least_0(sums[2]);
  record->rss[3] = at_least_0(sums[3]);
}

static __always_inline void read_memory(struct mm_struct* mm, struct TaskRecord* record) {
  record->total = mm->total_vm;
  read_rss(mm, record);
  record->peak_resident = mm->hiwater_rss;
  record->peak_total = mm->hiwater_vm;
  record->data = mm->data_vm;
  record->stack = mm->stack_vm;
  record->executable = mm->exec_vm;
  record->locked = mm->locked_vm;
  record->pinned = mm->pinned_vm.counter;
  record->page_table_bytes = mm->pgtables_bytes.counter;
  record->code_begin = mm->start_code;
  record->code_end = mm->end_code;
}

static __always_inline __u32 bits_of(__u64 word) {
  word -= (word >> 1) & 0x5555555555555555ull;
  word = (word & 0x3333333333333333ull) + ((word >> 2) & 0x3333333333333333ull);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
  return (word * 0x0101010101010101ull) >> 56;
}

// Counts the bits of a stretch of words.
__noinline int count_bits(__u64 address, __u32 words) {
  __u32 count = 0;
  for (__u32 i = 0; i < STRETCH && i < words; ++i) {
    __u64 word = 0;
    bpf_probe_read_kernel(&word, sizeof(word), (void*)(address + i * sizeof(word)));
    count += bits_of(word);
  }
  return count;
}

// Counts the bits of all of them. A function of its own, as all that loops, which the verifier
// looks at once.
__noinline int count_all_bits(__u64 address, __u32 words) {
  __u32 count = 0;
  for (__u32 i = 0; i < STRETCHES && i * STRETCH < words; ++i) {
    count += count_bits(address + i * STRETCH * sizeof(__u64), words - i * STRETCH);
  }
  return count;
}

static __always_inline void read_fds(struct task_struct* task, struct TaskRecord* record) {
  struct files_struct* files = task->files;
  if (!files) return;
  struct fdtable* table = files->fdt;
  if (!table) return;
  const __u32 words = table->max_fds / BITS_OF_WORD;
  if (words > MAX_FD_WORDS) {
    record->flags |= MEMLEAK_TASK_FDS_CUT;
    return;
  }
  record->open_fds = count_all_bits(NUMBER_OF(table->open_fds), words);
}

// Adds up a stretch of the living threads, from next_thread on. 1 when that was the last.
__noinline int add_threads(__u64 head) {
  const __u64 node = bpf_core_field_offset(struct task_struct, thread_node);
  const __u64 runtime = bpf_core_field_offset(struct task_struct, se.sum_exec_runtime);
  const __u64 faults = bpf_core_field_offset(struct task_struct, maj_flt);
  __u64 next = next_thread;
  for (__u32 i = 0; i < STRETCH && next != head && next != 0; ++i) {
    __u64 value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), (void*)(next - node + runtime));
    threads_cpu_ns += value;
    value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), (void*)(next - node + faults));
    threads_major_faults += value;
    value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), (void*)next);
    next = value;
  }
  next_thread = next;
  return next == head || next == 0;
}

// Adds up all living threads of the list that begins there. 0 when there are too many.
__noinline int add_all_threads(__u64 head) {
  threads_cpu_ns = 0;
  threads_major_faults = 0;
  next_thread = 0;
  bpf_probe_read_kernel(&next_thread, sizeof(next_thread), (void*)head);
  for (__u32 i = 0; i < STRETCHES; ++i) {
    if (add_threads(head)) return 1;
  }
  return 0;
}

// Counts how often the sums of ended threads changed; odd while they do.
static __always_inline __u32 sequence_of(struct signal_struct* signal) {
  // Before Linux 5.10 a seqlock is another structure: there a thread that ends in this very moment
  // may be missing from one pass.
  if (!bpf_core_field_exists(signal->stats_lock.seqcount.seqcount.sequence)) return 0;
  return *(volatile __u32*)&signal->stats_lock.seqcount.seqcount.sequence;
}

// CPU time and faults of a process are those of its threads, dead and alive, as /proc/PID/stat has
// them.
static __always_inline void read_totals(struct task_struct* task, struct TaskRecord* record) {
  struct signal_struct* signal = task->signal;
  if (!signal) return;
  record->threads = signal->nr_threads;
  if (record->threads <= 1) {
    record->cpu_ns = signal->sum_sched_runtime + task->se.sum_exec_runtime;
    record->major_faults = signal->maj_flt + task->maj_flt;
    return;
  }
  const __u64 head =
      (__u64)BPF_CORE_READ(task, signal) + bpf_core_field_offset(struct signal_struct, thread_head);
  // A thread that ends between the two parts would be in both, or in none.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const __u32 before = sequence_of(signal);
    const __u64 ended_ns = signal->sum_sched_runtime;
    const __u64 ended_faults = signal->maj_flt;
    if (!add_all_threads(head)) break;
    record->cpu_ns = ended_ns + threads_cpu_ns;
    record->major_faults = ended_faults + threads_major_faults;
    if (before % 2 == 0 && sequence_of(signal) == before) return;
  }
  record->flags |= MEMLEAK_TASK_THREADS_CUT;
}

static __always_inline __u32 state_of(struct task_struct* task) {
  __u32 state = task->exit_state;
  if (bpf_core_field_exists(task->__state)) return state | task->__state;
  return state | (__u32)((struct task_struct___state*)task)->state;
}

// One of the numbers of a process, in the reader's namespace, and that namespace.
static __always_inline void* number_of(struct pid* pid) {
  return (char*)pid + bpf_core_field_offset(struct pid, numbers) +
         namespace_level * bpf_core_type_size(struct upid);
}

static __always_inline __u64 namespace_of(struct pid* pid) {
  __u64 namespace = 0;
  // Deeper ones have more numbers than others.
  if (BPF_CORE_READ(pid, level) < namespace_level) return 0;
  bpf_probe_read_kernel(&namespace, sizeof(namespace),
                        (char*)number_of(pid) + bpf_core_field_offset(struct upid, ns));
  return namespace;
}

static __always_inline __s32 pid_of(struct task_struct* task) {
  if (namespace_level == 0) return task->tgid;
  __s32 number = 0;
  bpf_probe_read_kernel(
      &number, sizeof(number),
      (char*)number_of(BPF_CORE_READ(task, thread_pid)) + bpf_core_field_offset(struct upid, nr));
  return number;
}

// The last set of cgroups and what came of it, since neighbours mostly share one.
__u64 last_css_set = 0;
__u64 last_cgroup_id = 0;

// Of version 1 that in the memory controller's hierarchy; of version 2 the domain of a threaded
// one, where its memory counts.
static __always_inline __u64 cgroup_of(struct task_struct* task) {
  if (cgroup_wanted == MEMLEAK_CGROUP_NONE) return 0;
  const __u64 css_set = NUMBER_OF(task->cgroups);
  if (css_set == last_css_set) return last_cgroup_id;
  __u64 id = 0;
  if (cgroup_wanted == MEMLEAK_CGROUP_V2) {
    id = task->cgroups->dom_cset->dfl_cgrp->kn->id;
  } else if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
    struct cgroup_subsys_state* state = 0;
    bpf_probe_read_kernel(
        &state, sizeof(state),
        (char*)css_set + bpf_core_field_offset(struct css_set, subsys) +
            bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) * sizeof(state));
    id = BPF_CORE_READ(state, cgroup, kn, id);
  }
  last_css_set = css_set;
  last_cgroup_id = id;
  return id;
}

// Asks for all that lies apart before any of it is used: the processor waits for all of it at once.
static __always_inline void read_ahead(struct task_struct* task) {
  struct mm_struct* mm = task->mm;
  struct files_struct* files = task->files;
  struct signal_struct* signal = task->signal;
  __u64 sum = task->real_cred->euid.val + task->se.sum_exec_runtime + task->maj_flt +
              task->start_boottime + task->flags + task->exit_state;
  if (mm) {
    sum += mm->total_vm + mm->pgtables_bytes.counter + mm->arg_start + mm->hiwater_rss;
    if (counts_per_cpu()) sum += mm->rss_stat[0].count;
  }
  if (files) {
    struct fdtable* table = files->fdt;
    if (table) sum += table->max_fds;
  }
  if (signal) sum += signal->nr_threads + signal->sum_sched_runtime + signal->maj_flt;
  *(volatile __u64*)&ahead = sum;
}

static __always_inline void read_task(struct task_struct* task, struct TaskRecord* record) {
  read_ahead(task);
  record->pid = pid_of(task);
  record->uid = task->real_cred->euid.val;
  record->pf_flags = task->flags;
  record->state = state_of(task);
  record->start_ns = task->start_boottime;
  bpf_probe_read_kernel(record->comm, sizeof(record->comm), task->comm);
  record->cgroup_id = cgroup_of(task);
  read_totals(task, record);
  if (!(record->pf_flags & PF_KTHREAD)) {
    struct mm_struct* mm = task->mm;
    if (mm) {
      record->flags |= MEMLEAK_TASK_HAS_MEMORY;
      record->arg_start = mm->arg_start;
      if (memory_wanted) read_memory(mm, record);
    }
    if (fds_wanted) read_fds(task, record);
  }
}
