// The few members of kernel structures that the task iterator reads. libbpf finds where they are in
// the kernel that runs (CO-RE: preserve_access_index), so neither order nor size means anything
// here. A type that is spelled NAME___something is NAME as other kernels have it.
// https://docs.kernel.org/bpf/libbpf/libbpf_overview.html
#pragma once

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
  __u64 session_id;
  __u64 seq_num;
};

struct list_head {
  struct list_head* next;
};

struct kuid {
  __u32 val;
};

struct cred {
  struct kuid euid;
};

struct pid_namespace;

struct upid {
  int nr;
  struct pid_namespace* ns;
};

struct pid {
  unsigned int level;
  struct upid numbers[1];
};

struct fdtable {
  unsigned int max_fds;
  unsigned long* open_fds;
};

struct files_struct {
  struct fdtable* fdt;
};

struct percpu_counter {
  __s64 count;
  __s32* counters;
};

// Linux 6.2 and later.
struct mm_struct {
  struct percpu_counter rss_stat[4];
  unsigned long hiwater_rss;
  unsigned long hiwater_vm;
  unsigned long total_vm;
  unsigned long locked_vm;
  struct {
    __s64 counter;
  } pinned_vm;
  unsigned long data_vm;
  unsigned long exec_vm;
  unsigned long stack_vm;
  unsigned long start_code;
  unsigned long end_code;
  unsigned long arg_start;
  struct {
    __s64 counter;
  } pgtables_bytes;
};

struct mm_rss_stat {
  struct {
    __s64 counter;
  } count[4];
};

// Before Linux 6.2.
struct mm_struct___atomic {
  struct mm_rss_stat rss_stat;
};

struct signal_struct {
  int nr_threads;
  struct list_head thread_head;
  unsigned long maj_flt;
  unsigned long long sum_sched_runtime;
  struct {
    struct {
      struct {
        unsigned int sequence;
      } seqcount;
    } seqcount;
  } stats_lock;
};

struct sched_entity {
  __u64 sum_exec_runtime;
};

struct kernfs_node {
  __u64 id;
};

struct cgroup {
  struct kernfs_node* kn;
};

struct cgroup_subsys_state {
  struct cgroup* cgroup;
};

struct css_set {
  struct cgroup_subsys_state* subsys[1];
  struct css_set* dom_cset;
  struct cgroup* dfl_cgrp;
};

enum cgroup_subsys_id {
  memory_cgrp_id,
};

struct task_struct {
  unsigned int __state;
  unsigned int flags;
  int exit_state;
  int pid;
  int tgid;
  struct mm_struct* mm;
  struct files_struct* files;
  struct signal_struct* signal;
  struct css_set* cgroups;
  struct pid* thread_pid;
  const struct cred* real_cred;
  struct list_head thread_node;
  struct sched_entity se;
  unsigned long maj_flt;
  __u64 start_boottime;
  char comm[16];
};

// Before Linux 5.14.
struct task_struct___state {
  long state;
};

struct bpf_map {
  __u32 id;
};

struct bpf_array {
  void* pptrs[1];
};

#pragma clang attribute pop

// The state of an open-coded iterator over tasks (kernel/bpf/task_iter.c).
struct bpf_iter_task {
  __u64 opaque[3];
};

// What an iterator's program is called with: laid out by the kernel's interface, not by its whim.
struct bpf_iter__task {
  union {
    struct bpf_iter_meta* meta;
    __u64 meta_word;
  };
  union {
    struct task_struct* task;
    __u64 task_word;
  };
};

struct bpf_iter__bpf_map {
  union {
    struct bpf_iter_meta* meta;
    __u64 meta_word;
  };
  union {
    struct bpf_map* map;
    __u64 map_word;
  };
};
