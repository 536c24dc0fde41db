// The Vm and Rss lines of /proc/PID/status in plain words (proc_pid_status(5)), in the kernel's order.

export const STATUS_LINES = {
  VmPeak: "The most address space it ever had. Not memory.",
  VmSize: "Address space: all that it has reserved or mapped, used or not. What ps calls VSZ.",
  VmLck: "Locked into memory by mlock: never swapped out.",
  VmPin: "Pinned for hardware that writes to it directly: cannot even be moved.",
  VmHWM: "The most resident memory that it ever had.",
  VmRSS: "Resident: what lies in memory now. The sum of the next three.",
  RssAnon: "Anonymous: heap, stacks, what malloc gave. With swap this is the footprint, and it is what leaks.",
  RssFile: "Pages of files that are mapped: programs, libraries, data. The kernel takes them back when it must.",
  RssShmem: "Shared memory, memfds and tmpfs that are mapped here. Counted once in each process that has it.",
  VmData: "Address space for data, reserved or used.",
  VmStk: "Address space of the main thread's stack.",
  VmExe: "The program's own code.",
  VmLib: "Code of shared libraries.",
  VmPTE: "Page tables: the kernel's bookkeeping of all this. It grows with the address space in use.",
  VmPMD: "Upper page tables.",
  VmSwap: "Swapped out: belongs to the footprint, though it is not in memory.",
};
