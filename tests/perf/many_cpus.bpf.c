// What an exact sum over the per-CPU counters of a process costs on machines of many CPUs, on one
// that has few: the task iterator's own loops over memory that is laid out as the kernel lays out
// its CPUs' copies. Each run is one process.
#include "exporter/host/process/bpf/read_task.h"

char LICENSE[] SEC("license") = "GPL";

// Set before the program is loaded.
const volatile __u32 processes = 1;
// Between the counters of two processes on one CPU.
const volatile __u32 bytes_apart = 64;
// 1: in the order in which the counters lie. Coprime to `processes`: as far apart as may be.
const volatile __u32 step = 1;

// The copies of one CPU are one value; the values of an array stand one behind the other.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __uint(value_size, 8);
} copies SEC(".maps");

__u64 next = 0;

// The address of the next process's counters on the first CPU; 0 when there is none.
static __always_inline __u64 next_address(void) {
  __u32 first = 0;
  void* copy = bpf_map_lookup_elem(&copies, &first);
  if (!copy) return 0;
  const __u64 process = next;
  next = (process + step) % processes;
  return NUMBER_OF(copy) + process * bytes_apart;
}

// What a run costs without any sum.
SEC("tc")
int sum_nothing(struct __sk_buff* packet) {
  (void)packet;
  return next_address() == 0;
}

// Since Linux 6.6: the four counters of a process side by side.
SEC("tc")
int sum_neighbours(struct __sk_buff* packet) {
  (void)packet;
  const __u64 address = next_address();
  return address != 0 ? add_neighbours(address) : 1;
}

// Linux 6.2 to 6.5: each counter is read for itself.
SEC("tc")
int sum_apart(struct __sk_buff* packet) {
  (void)packet;
  const __u64 address = next_address();
  if (address == 0) return 1;
  add_counter(address, 0);
  add_counter(address + 4, 1);
  add_counter(address + 8, 2);
  add_counter(address + 12, 3);
  return 0;
}
