#include "exporter/host/process/bpf/task_iterator.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "exporter/host/capabilities.h"
#include "exporter/host/process/bpf/task_iterator.skel.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

std::string Reason(const std::string& what, int error) {
  return what + ": " + std::generic_category().message(error);
}

struct CloseSkeleton {
  void operator()(task_iterator_bpf* skeleton) const { task_iterator_bpf__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<task_iterator_bpf, CloseSkeleton>;

struct DestroyLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, DestroyLink>;

// Whose absence would only be told as a failure to load.
constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";

// What a rough count of resident memory may be off by: the three kinds that make it up may each be
// off by a batch on every CPU (lib/percpu_counter.c).
uint64_t RoughErrorPages(uint64_t cpus) { return 3 * cpus * std::max<uint64_t>(32, 2 * cpus); }

// Up to so many CPUs an exact sum costs less than all else that is read of a process (tests/perf).
constexpr uint64_t kAlwaysExactCpus = 8;

class LoadedIterator : public TaskIterator {
 public:
  LoadedIterator(Skeleton skeleton, Link link)
      : skeleton_(std::move(skeleton)), link_(std::move(link)) {}

  bool Read(const Wanted& wanted, std::span<const TaskRecord>& records, std::string& why) override {
    skeleton_->bss->namespace_level = 0;
    skeleton_->data->memory_wanted = wanted.memory ? 1 : 0;
    skeleton_->data->fds_wanted = wanted.fds ? 1 : 0;
    skeleton_->bss->cgroup_wanted = wanted.cgroup;
    const UniqueFd pass(bpf_iter_create(bpf_link__fd(link_.get())));
    if (!pass) {
      why = Reason("the task iterator cannot be started", errno);
      return false;
    }
    size_t size = 0;
    for (;;) {
      if (bytes_.size() < size + kReadBytes) bytes_.resize(size + kReadBytes);
      const ssize_t got = read(pass.get(), bytes_.data() + size, kReadBytes);
      if (got == 0) break;
      if (got < 0) {
        // The latter when a million threads in a row had no record.
        if (errno == EINTR || errno == EAGAIN) continue;
        why = Reason("the task iterator cannot be read", errno);
        return false;
      }
      size += static_cast<size_t>(got);
    }
    if (size % sizeof(TaskRecord) != 0) {
      why = "the task iterator broke off in the middle of a record";
      return false;
    }
    records = {reinterpret_cast<const TaskRecord*>(bytes_.data()), size / sizeof(TaskRecord)};
    return true;
  }

 private:
  // Of the kernel's buffer for one read (kernel/bpf/bpf_iter.c: eight pages) on any page size.
  static constexpr size_t kReadBytes = size_t{512} * 1024;

  Skeleton skeleton_;
  Link link_;
  std::vector<char> bytes_;
};

// What would help against a refusal; empty where that is not known.
std::string Advice(int error) {
  if (error != EPERM && error != EACCES && error != ENOSYS) return {};
  std::string missing;
  if (!HasCapability(CAP_BPF)) missing = "CAP_BPF";
  if (!HasCapability(CAP_PERFMON)) missing += missing.empty() ? "CAP_PERFMON" : " and CAP_PERFMON";
  if (!missing.empty()) return " (it needs " + missing + ")";
  return " (in spite of CAP_BPF and CAP_PERFMON: a seccomp profile, a security module or lockdown)";
}

// Runs the program that takes down where the CPUs keep their copies.
bool FindCpuOffsets(task_iterator_bpf& skeleton, uint64_t cpus, std::string& why) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(bpf_map__fd(skeleton.maps.anchor), &info, &size) != 0) {
    why = Reason("the kernel does not describe a map", errno);
    return false;
  }
  skeleton.bss->anchor_id = info.id;
  const Link link(bpf_program__attach_iter(skeleton.progs.find_cpu_offsets, nullptr));
  if (!link) {
    why = Reason("the map iterator cannot be attached", errno);
    return false;
  }
  const UniqueFd pass(bpf_iter_create(bpf_link__fd(link.get())));
  std::array<char, 64> nothing{};
  ssize_t got = 1;
  while (pass && got > 0) got = read(pass.get(), nothing.data(), nothing.size());
  if (!pass || got < 0) {
    why = Reason("the map iterator cannot be read", errno);
    return false;
  }
  // Older kernels count in one place.
  if (skeleton.bss->rss_is_per_cpu == 0) return true;
  if (skeleton.bss->anchor_address == 0 || skeleton.bss->anchor_copies[cpus - 1] == 0) {
    why = "the kernel does not tell where its CPUs keep their counters";
    return false;
  }
  for (uint64_t cpu = 0; cpu < cpus; ++cpu) {
    skeleton.bss->cpu_offsets[cpu] =
        skeleton.bss->anchor_copies[cpu] - skeleton.bss->anchor_address;
  }
  return true;
}

}  // namespace

std::unique_ptr<TaskIterator> TaskIterator::Open(uint64_t exact_from_bytes, std::string& why) {
  // What it would write to standard error is in our own words.
  libbpf_set_print(nullptr);
  if (access(kKernelTypes, R_OK) != 0) {
    why = Reason(std::string("the kernel shows no types in ") + kKernelTypes, errno);
    return nullptr;
  }
  Skeleton skeleton(task_iterator_bpf__open());
  if (!skeleton) {
    why = Reason("the program for the kernel cannot be opened", errno);
    return nullptr;
  }
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0 || static_cast<size_t>(cpus) > std::size(skeleton->bss->cpu_offsets)) {
    why = "more CPUs than the task iterator can sum up: " + std::to_string(cpus);
    return nullptr;
  }
  const auto cpu_count = static_cast<uint64_t>(cpus);
  skeleton->rodata->cpus = static_cast<uint32_t>(cpus);
  if (cpu_count > kAlwaysExactCpus) {
    skeleton->rodata->exact_from_pages =
        exact_from_bytes / static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    skeleton->rodata->rough_error_pages = RoughErrorPages(cpu_count);
  }
  if (const int error = task_iterator_bpf__load(skeleton.get()); error != 0) {
    why = Reason("the kernel refuses the task iterator", -error) + Advice(-error);
    return nullptr;
  }
  if (!FindCpuOffsets(*skeleton, cpu_count, why)) return nullptr;
  Link link(bpf_program__attach_iter(skeleton->progs.write_processes, nullptr));
  if (!link) {
    why = Reason("the task iterator cannot be attached", errno);
    return nullptr;
  }
  return std::make_unique<LoadedIterator>(std::move(skeleton), std::move(link));
}

}  // namespace memleak
