#include "exporter/host/process/bpf/task_iterator.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <system_error>
#include <utility>
#include <vector>

#include "exporter/host/capabilities.h"
#include "exporter/host/process/bpf/record_order.h"
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

void Prepare(task_iterator_bpf& skeleton, const TaskIterator::Wanted& wanted) {
  skeleton.data->memory_wanted = wanted.memory ? 1 : 0;
  skeleton.data->fds_wanted = wanted.fds ? 1 : 0;
  skeleton.bss->cgroup_wanted = wanted.cgroup;
}

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

// With room for so many records of the open-coded way; without it for none.
Skeleton Load(uint64_t exact_from_bytes, uint32_t room, std::string& why) {
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
  if (room == 0) {
    bpf_program__set_autoload(skeleton->progs.walk_processes, false);
  } else {
    bpf_program__set_autoload(skeleton->progs.write_processes, false);
    bpf_map__set_max_entries(skeleton->maps.records, room);
  }
  if (const int error = task_iterator_bpf__load(skeleton.get()); error != 0) {
    why = Reason("the kernel refuses the task iterator", -error) + Advice(-error);
    return nullptr;
  }
  if (!FindCpuOffsets(*skeleton, cpu_count, why)) return nullptr;
  return skeleton;
}

class SeqFileIterator : public TaskIterator {
 public:
  static std::unique_ptr<TaskIterator> Make(uint64_t exact_from_bytes, std::string& why) {
    Skeleton skeleton = Load(exact_from_bytes, 0, why);
    if (!skeleton) return nullptr;
    Link link(bpf_program__attach_iter(skeleton->progs.write_processes, nullptr));
    if (!link) {
      why = Reason("the task iterator cannot be attached", errno);
      return nullptr;
    }
    return std::make_unique<SeqFileIterator>(std::move(skeleton), std::move(link));
  }

  SeqFileIterator(Skeleton skeleton, Link link)
      : skeleton_(std::move(skeleton)), link_(std::move(link)) {}

  bool Read(const Wanted& wanted, Records& records, std::string& why) override {
    Prepare(*skeleton_, wanted);
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
    const auto* const first = reinterpret_cast<const TaskRecord*>(bytes_.data());
    records.resize(size / sizeof(TaskRecord));
    std::iota(records.begin(), records.end(), first);
    return true;
  }

  Way way() const override { return Way::kSeqFile; }

 private:
  // Of the kernel's buffer for one read (kernel/bpf/bpf_iter.c: eight pages) on any page size.
  static constexpr size_t kReadBytes = size_t{512} * 1024;

  Skeleton skeleton_;
  Link link_;
  std::vector<char> bytes_;
};

class OpenCodedIterator : public TaskIterator {
 public:
  static std::unique_ptr<TaskIterator> Make(uint64_t exact_from_bytes, std::string& why) {
    auto iterator = std::make_unique<OpenCodedIterator>(exact_from_bytes);
    if (!iterator->MakeRoom(kFirstRoom, why)) return nullptr;
    return iterator;
  }

  explicit OpenCodedIterator(uint64_t exact_from_bytes) : exact_from_bytes_(exact_from_bytes) {}

  bool Read(const Wanted& wanted, Records& records, std::string& why) override {
    for (;;) {
      Prepare(*skeleton_, wanted);
      bpf_test_run_opts options{};
      options.sz = sizeof(options);
      const int program = bpf_program__fd(skeleton_->progs.walk_processes);
      if (const int error = bpf_prog_test_run_opts(program, &options); error != 0) {
        why = Reason("the task iterator cannot be run", -error);
        return false;
      }
      const uint32_t found = skeleton_->bss->found;
      if (found <= room_) {
        order_.Put({records_.data(), found}, records);
        return true;
      }
      if (found > kMostRoom) {
        why = "more processes than the task iterator has room for: " + std::to_string(found);
        return false;
      }
      // For as many again, so that this is rare.
      if (!MakeRoom(2 * found, why)) return false;
    }
  }

  Way way() const override { return Way::kOpenCoded; }

 private:
  // Records of a map that the kernel shares with us.
  class SharedRecords {
   public:
    SharedRecords() = default;
    SharedRecords(int map, uint32_t room) : bytes_(room * sizeof(TaskRecord)) {
      void* const memory = mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, map, 0);
      if (memory != MAP_FAILED) memory_ = memory;
    }
    SharedRecords(SharedRecords&& other) noexcept { swap(other); }
    SharedRecords& operator=(SharedRecords&& other) noexcept {
      swap(other);
      return *this;
    }
    ~SharedRecords() {
      if (memory_ != nullptr) munmap(memory_, bytes_);
    }

    const TaskRecord* data() const { return static_cast<const TaskRecord*>(memory_); }

   private:
    void swap(SharedRecords& other) {
      std::swap(memory_, other.memory_);
      std::swap(bytes_, other.bytes_);
    }

    void* memory_ = nullptr;
    size_t bytes_ = 0;
  };

  // Room costs kernel memory before a process fills it.
  static constexpr uint32_t kFirstRoom = 1024;
  // As many pids as there can be (PID_MAX_LIMIT in include/linux/threads.h).
  static constexpr uint32_t kMostRoom = 4 << 20;

  // The size of a map is fixed when the program is loaded.
  bool MakeRoom(uint32_t room, std::string& why) {
    records_ = {};
    skeleton_ = Load(exact_from_bytes_, room, why);
    if (!skeleton_) return false;
    room_ = room;
    records_ = {bpf_map__fd(skeleton_->maps.records), room};
    if (records_.data() == nullptr) {
      why = Reason("what the task iterator writes cannot be mapped", errno);
      return false;
    }
    return true;
  }

  const uint64_t exact_from_bytes_;
  Skeleton skeleton_;
  uint32_t room_ = 0;
  SharedRecords records_;
  RecordOrder order_;
};

}  // namespace

std::unique_ptr<TaskIterator> TaskIterator::Open(uint64_t exact_from_bytes, std::string& why,
                                                 Way preferred) {
  // What it would write to standard error is in our own words.
  libbpf_set_print(nullptr);
  if (access(kKernelTypes, R_OK) != 0) {
    why = Reason(std::string("the kernel shows no types in ") + kKernelTypes, errno);
    return nullptr;
  }
  if (preferred == Way::kOpenCoded) {
    // Where both are refused, the other one's reason is told.
    std::string why_not;
    if (auto iterator = OpenCodedIterator::Make(exact_from_bytes, why_not)) return iterator;
  }
  return SeqFileIterator::Make(exact_from_bytes, why);
}

}  // namespace memleak
