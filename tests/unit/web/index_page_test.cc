#include "exporter/web/index_page.h"

#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// A snapshot whose parts live here.
struct Host {
  Snapshot snapshot;
  std::vector<Process> processes;
  std::vector<Process*> pointers;

  std::string Page() {
    pointers.clear();
    for (Process& process : processes) pointers.push_back(&process);
    snapshot.processes = &pointers;
    return IndexPage(snapshot, "/metrics");
  }
};

Host OneProcess(std::string_view comm) {
  Host host;
  host.snapshot.processes_listed = true;
  host.snapshot.time.uptime = 100'000;
  host.snapshot.time.tick_rate = 100;
  Process process;
  process.sample.pid = 4711;
  process.sample.comm.Assign(comm);
  process.sample.threads = 3;
  process.sample.start_ticks = 9'000'000;  // 10,000 seconds ago
  process.sample.memory.Set(MemoryField::kResident, 300 * kMiB);
  host.processes.push_back(process);
  return host;
}

// The cells of the first row, tags within them included.
std::vector<std::string> FirstRow(const std::string& page) {
  std::vector<std::string> cells;
  const size_t body = page.find("<tbody>");
  const size_t end = page.find("</tr>", body);
  for (size_t at = page.find("<td", body); at < end; at = page.find("<td", at)) {
    at = page.find('>', at) + 1;
    cells.push_back(page.substr(at, page.find("</td>", at) - at));
  }
  return cells;
}

TEST_CASE("index page: what is known of a process") {
  Host host = OneProcess("nginx");
  Group group;
  group.name = "web";
  Process& process = host.processes[0];
  process.group = &group;
  process.names.user = "www-data";
  process.sample.memory.Set(MemoryField::kAnon, 200 * kMiB);
  process.sample.memory.Set(MemoryField::kSwap, 56 * kMiB);
  process.sample.open_fds = 12;
  host.snapshot.node.meminfo.emplace();
  (*host.snapshot.node.meminfo)[static_cast<size_t>(MemInfoField::kTotal)] = 1024 * kMiB;
  (*host.snapshot.node.meminfo)[static_cast<size_t>(MemInfoField::kAvailable)] = 512 * kMiB;

  const std::string page = host.Page();

  CHECK(FirstRow(page) == std::vector<std::string>{
                              "4711", "<bdi>www-data</bdi>", "<bdi>nginx</bdi>", "<bdi>web</bdi>",
                              "300.0 MiB", "200.0 MiB", "56.0 MiB", "25.0 %", "12", "3", "2h 46m"});
  CHECK(page.find("1 process · 512.0 MiB of 1.0 GiB memory available") != std::string::npos);
  CHECK(page.find("<a href=\"/metrics\">") != std::string::npos);
  CHECK(page.find("<a href=\"/-/healthy\">") != std::string::npos);
}

TEST_CASE("index page: what is unknown is a dash, never 0") {
  Host host = OneProcess("nginx");

  const std::string page = host.Page();

  CHECK(FirstRow(page) == std::vector<std::string>{"4711", "<bdi>–</bdi>", "<bdi>nginx</bdi>",
                                                   "<bdi>–</bdi>", "300.0 MiB", "–", "–", "–", "–",
                                                   "3", "2h 46m"});
  CHECK(page.find("available") == std::string::npos);
}

TEST_CASE("index page: a user without a name is its number") {
  Host host = OneProcess("nginx");
  host.processes[0].sample.uid = 65534;

  CHECK(FirstRow(host.Page())[1] == "<bdi>65534</bdi>");
}

TEST_CASE("index page: no text of the host becomes markup") {
  Host host = OneProcess("<script>a()</sc");
  Group group;
  group.name = "\"><img src=x onerror='a()'>&amp;";
  host.processes[0].group = &group;
  host.processes[0].names.user = "caf\xc3\xa9 \xff\xfe\n\x1b[2J";

  const std::vector<std::string> row = FirstRow(host.Page());

  CHECK(row[1] == "<bdi>café \uFFFD\uFFFD\uFFFD\uFFFD[2J</bdi>");
  CHECK(row[2] == "<bdi>&lt;script&gt;a()&lt;/sc</bdi>");
  CHECK(row[3] == "<bdi>&quot;&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;amp;</bdi>");
}

TEST_CASE("index page: the telemetry path is escaped, too") {
  Host host = OneProcess("nginx");
  host.snapshot.processes = &host.pointers;

  const std::string page = IndexPage(host.snapshot, "/m\"><b>");

  CHECK(page.find("<a href=\"/m&quot;&gt;&lt;b&gt;\">") != std::string::npos);
}

TEST_CASE("index page: the 20 largest of those whose memory is known, largest first") {
  Host host = OneProcess("first");
  host.processes.clear();
  for (int32_t pid = 1; pid <= 30; ++pid) {
    Process process;
    process.sample.pid = pid;
    process.sample.memory.Set(MemoryField::kResident, static_cast<uint64_t>(pid) * kMiB);
    host.processes.push_back(process);
  }
  Process kernel_thread;
  kernel_thread.sample.pid = 999;
  host.processes.push_back(kernel_thread);

  const std::string page = host.Page();

  CHECK(FirstRow(page)[0] == "30");
  CHECK(page.find("<td>11</td>") != std::string::npos);
  CHECK(page.find("<td>10</td>") == std::string::npos);
  CHECK(page.find("<td>999</td>") == std::string::npos);
  CHECK(page.find("31 processes") != std::string::npos);
}

TEST_CASE("index page: says so when the processes could not be listed") {
  const Snapshot nothing;

  const std::string page = IndexPage(nothing, "/metrics");

  CHECK(page.find("could not be listed") != std::string::npos);
  CHECK(page.find("<table>") == std::string::npos);
  CHECK(page.find("</html>") != std::string::npos);
}

}  // namespace
}  // namespace memleak
