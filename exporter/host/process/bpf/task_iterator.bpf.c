// Runs in the kernel: walks every process and makes one record of each (task_record.h), what
// /proc/PID/stat, status and the size of fd would tell. Loaded and read by task_iterator.cc. There
// are two ways to walk:
// - walk_processes, a loop of our own (an open-coded iterator, Linux 6.7 and later): visits
//   processes only, and leaves the records in memory that the exporter shares.
// - write_processes, called by the kernel for every thread, on each of which it takes a reference;
//   its records come by read(2).
// https://docs.kernel.org/bpf/bpf_iterators.html

#include "exporter/host/process/bpf/read_task.h"

// The kernel lets only programs under the GPL read its memory: what is compiled into this program
// may be had under version 2 of it, too.
char LICENSE[] SEC("license") = "GPL";

// Neither __per_cpu_offset nor this_cpu_off can be relied on for cpu_offsets (a kernel may have no
// data symbols), but one map of our own shows both addresses of the same variable:
// find_cpu_offsets() takes them down, and the exporter subtracts, which the verifier does not allow
// here.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} anchor SEC(".maps");
__u32 anchor_id = 0;
__u8 rss_is_per_cpu = 0;
__u64 anchor_address = 0;
__u64 anchor_copies[MAX_CPUS];

SEC("iter/bpf_map")
int find_cpu_offsets(struct bpf_iter__bpf_map* ctx) {
  struct bpf_map* map = ctx->map;
  __u32 key = 0;
  // Nor do kernels before 5.19 know the call below.
  if (!counts_per_cpu()) return 0;
  rss_is_per_cpu = 1;
  if (!map || map->id != anchor_id) return 0;
  // The map is the first member of its array.
  bpf_probe_read_kernel(&anchor_address, sizeof(anchor_address),
                        (char*)map + bpf_core_field_offset(struct bpf_array, pptrs));
  for (__u32 cpu = 0; cpu < MAX_CPUS && cpu < cpus; ++cpu) {
    void* copy = bpf_map_lookup_percpu_elem(&anchor, &key, cpu);
    if (!copy) break;
    anchor_copies[cpu] = (__u64)copy;
  }
  return 0;
}

// Processes are shown to whoever runs the program, and numbered as its pid namespace does.
__u64 reader_namespace = 0;
static __always_inline void begin_pass(void) {
  struct task_struct* reader = (struct task_struct*)bpf_get_current_task();
  namespace_level = BPF_CORE_READ(reader, thread_pid, level);
  reader_namespace = namespace_of(BPF_CORE_READ(reader, thread_pid));
  last_css_set = 0;
}

SEC("iter/task")
int write_processes(struct bpf_iter__task* ctx) {
  struct task_struct* task = ctx->task;
  struct bpf_iter_meta* meta = ctx->meta;
  if (!task) return 0;
  if (meta->seq_num == 0) begin_pass();
  // Threads are in their leader's record.
  if (task->pid != task->tgid) return 0;

  // Between two calls a set of cgroups may go, and another one take its place.
  last_css_set = 0;
  struct TaskRecord record = {0};
  read_task(task, &record);
  bpf_seq_write(meta->seq, &record, sizeof(record));
  return 0;
}

// One for each process, in the order in which they came to be; their number is set by the exporter.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct TaskRecord);
} records SEC(".maps");
// How many processes the last walk found, more than there are records, if need be.
__u32 found = 0;

// Weak: other kernels load the rest of this file.
extern int bpf_iter_task_new(struct bpf_iter_task* it, struct task_struct* task,
                             unsigned int flags) __ksym __weak;
extern struct task_struct* bpf_iter_task_next(struct bpf_iter_task* it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task* it) __ksym __weak;
// As newer versions of libbpf declare it themselves.
extern void* bpf_rdonly_cast(const void* obj, __u32 btf_id) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
#define BPF_TASK_ITER_ALL_PROCS 0

// Whether the reader can see it.
static __always_inline int is_shown(struct task_struct* task) {
  // The idle task heads the list; one without a pid was reaped, and is about to leave it.
  const __u64 pid = NUMBER_OF(task->thread_pid);
  if (task->tgid == 0 || !pid) return 0;
  if (namespace_level == 0) return 1;
  return namespace_of((struct pid*)pid) == reader_namespace;
}

// Writes the record of one process. The verifier looks at a function of numbers once, at what
// stands in an open loop again and again.
__noinline int write_record(__u64 address, __u32 index) {
  struct task_struct* task =
      bpf_rdonly_cast((void*)address, bpf_core_type_id_kernel(struct task_struct));
  struct TaskRecord* record = bpf_map_lookup_elem(&records, &index);
  if (!record) return 0;
  __builtin_memset(record, 0, sizeof(*record));
  read_task(task, record);
  return 0;
}

// Under one RCU lock, which an open-coded iterator cannot let go of: a few milliseconds where there
// are ten thousand processes.
SEC("syscall")
int walk_processes(void* ctx __attribute__((unused))) {
  begin_pass();
  found = 0;
  bpf_rcu_read_lock();
  struct bpf_iter_task it;
  bpf_iter_task_new(&it, 0, BPF_TASK_ITER_ALL_PROCS);
  struct task_struct* task;
  while ((task = bpf_iter_task_next(&it))) {
    // A leader whose thread takes over in an exec has that thread's number for its last moment.
    if (!is_shown(task) || task->pid != task->tgid) continue;
    write_record(NUMBER_OF(task), found);
    ++found;
  }
  bpf_iter_task_destroy(&it);
  bpf_rcu_read_unlock();
  return 0;
}
