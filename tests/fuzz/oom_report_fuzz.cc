// What the kernel says of OOM kills, a message to a line, its first byte the part: no pid is 0 or
// less, and whatever came before, a whole report of names of anything gives these names back.
#include <string>

#include "exporter/host/kernel_log/oom_report.h"
#include "tests/fuzz/property.h"

namespace {

using namespace memleak;
using Part = KernelMessage::Part;

// A name as a process may have it, of what the input has next.
std::string TakeName(std::string_view& input, size_t size, std::string_view without) {
  std::string name;
  while (!input.empty() && name.size() < size) {
    if (without.find(input[0]) == std::string_view::npos) name += input[0];
    input.remove_prefix(1);
  }
  return name;
}

class Reader {
 public:
  void Add(std::string_view text, Part part) {
    if (auto report = reader_.Add({seconds_, text, part})) {
      Require(report->pid > 0, "a pid is more than 0");
      Require(report->anon.has_value(), "a kill has its size");
      last_ = report;
      ++kills_;
    }
  }
  // As the klog calls copy a record: its lines, all of one moment.
  void AddLines(std::string_view record) {
    for (;;) {
      const size_t end = record.find('\n');
      Add(record.substr(0, end), Part::kLine);
      if (end == std::string_view::npos) return;
      record.remove_prefix(end + 1);
    }
  }
  void AddRecord(std::string_view record, bool as_lines) {
    seconds_ += 0.001;
    if (as_lines) {
      AddLines(record);
    } else {
      Add(record, Part::kWhole);
    }
  }
  const std::optional<OomReport>& last() const { return last_; }
  size_t kills() const { return kills_; }

 private:
  OomReader reader_;
  double seconds_ = 10;
  std::optional<OomReport> last_;
  size_t kills_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = InputText(data, size);
  std::string_view names = input;
  const std::string comm = TakeName(names, 15, std::string_view("\0", 1));
  const std::string cpuset = TakeName(names, 64, std::string_view("/\0\n", 3));
  const std::string limit = "/" + TakeName(names, 64, std::string_view("/\0\n", 3)) + "x";
  const std::string victim = limit + "/" + TakeName(names, 64, std::string_view("/\0\n", 3)) + "x";

  for (const bool as_lines : {false, true}) {
    Reader reader;
    for (std::string_view rest = input; !rest.empty();) {
      const std::string_view line = TakeField(rest);
      if (line.empty()) continue;
      reader.Add(line.substr(1), line[0] == 'f'   ? Part::kFragment
                                 : line[0] == 'l' ? Part::kLine
                                                  : Part::kWhole);
    }
    const size_t before = reader.kills();
    reader.AddRecord("x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0", as_lines);
    reader.AddRecord("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=" + cpuset +
                         ",mems_allowed=0,oom_memcg=" + limit + ",task_memcg=" + victim +
                         ",task=" + comm + ",pid=4321,uid=7",
                     as_lines);
    reader.AddRecord("Memory cgroup out of memory: Killed process 4321 (" + comm +
                         ") total-vm:66804kB, anon-rss:16180kB, file-rss:0kB, shmem-rss:576kB, "
                         "UID:8 pgtables:68kB oom_score_adj:0",
                     as_lines);
    Require(reader.kills() == before + 1, "a report is one kill");
    const OomReport& kill = *reader.last();
    Require(kill.pid == 4321 && kill.comm.view() == comm && kill.scope == OomScope::kCgroup,
            "it is of the process that was killed");
    Require(kill.uid == 8u && kill.virtual_memory == 66804u * 1024 && kill.anon == 16180u * 1024 &&
                kill.file == 0u && kill.shmem == 576u * 1024,
            "with its figures");
    Require(kill.cgroup.empty() ? kill.limit_cgroup.empty()
                                : kill.cgroup == victim && kill.limit_cgroup == limit,
            "its cgroups are right, or absent");
  }
  return 0;
}
