// What the task iterator (task_iterator.bpf.c) hands over of one process: shared by the program in
// the kernel, which is C, and by the exporter. Raw kernel units; task_iterator.h gives them their
// meaning.
#pragma once

#include <linux/types.h>

// What a record could not tell in its bounded loops: /proc has to be asked for that process.
#define MEMLEAK_TASK_FDS_CUT 1u
#define MEMLEAK_TASK_THREADS_CUT 2u
// There is an address space, that is, no kernel thread, zombie or process on its way out.
#define MEMLEAK_TASK_HAS_MEMORY 4u

// In the order of the kernel's rss_stat (include/linux/mm_types_task.h).
#define MEMLEAK_RSS_FILE 0
#define MEMLEAK_RSS_ANON 1
#define MEMLEAK_RSS_SWAP 2
#define MEMLEAK_RSS_SHMEM 3
#define MEMLEAK_RSS_KINDS 4

// Which cgroup is wanted: none, or that of the memory controller of version 1, or that of
// version 2.
#define MEMLEAK_CGROUP_NONE 0
#define MEMLEAK_CGROUP_V1 1
#define MEMLEAK_CGROUP_V2 2

struct TaskRecord {
  __s32 pid;       // as the reader's pid namespace counts
  __u32 uid;       // effective
  __u32 flags;     // MEMLEAK_TASK_*
  __u32 pf_flags;  // task_struct.flags
  __u32 state;     // task_struct.__state and .exit_state, or-ed
  __u32 threads;
  __u64 open_fds;
  __u64 start_ns;      // since boot, of CLOCK_BOOTTIME
  __u64 cpu_ns;        // of all threads, ended ones included
  __u64 major_faults;  // likewise
  __u64 arg_start;
  __u64 cgroup_id;  // the inode number of its directory; 0 for none
  // Pages, unless said.
  __s64 rss[MEMLEAK_RSS_KINDS];
  __u64 peak_resident;
  __u64 total;
  __u64 peak_total;
  __u64 data;
  __u64 stack;
  __u64 executable;  // mapped executable: the program's own code and libraries
  __u64 locked;
  __u64 pinned;
  __u64 page_table_bytes;
  __u64 code_begin;  // addresses of the program's own code
  __u64 code_end;
  char comm[16];
};
