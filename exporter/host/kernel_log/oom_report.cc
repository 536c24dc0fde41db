#include "exporter/host/kernel_log/oom_report.h"

#include <algorithm>

#include "exporter/host/kernel_log/oom_lines.h"

namespace memleak {
namespace {

// The longest is an oom-kill line with two paths of a record's size each.
constexpr size_t kMaxContextBytes = 8192;
// Of a process: TASK_COMM_LEN less a NUL.
constexpr size_t kMaxNameBytes = 15;
// As far as the name: "Memory cgroup out of memory: Killed process 4194304 (".
constexpr size_t kMaxCutLineBytes = 80;
// The members of a cgroup are killed in one go.
constexpr double kGroupPauseSeconds = 1;

bool BeginsWith(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

}  // namespace

std::optional<OomReport> OomReader::Add(const KernelMessage& message) {
  if (message.part == KernelMessage::Part::kFragment) {
    // A fragment may be a cgroup's name, which may be anything: none is believed to be a kill.
    if (BeginsWith(message.text, kTaskInLine)) {
      BeginContext(Context::kTaskIn, message);
    } else {
      AddToContext(message.text);
    }
    return std::nullopt;
  }
  // All lines of a record are of one moment.
  if (!cut_line_.empty() && message.part == KernelMessage::Part::kLine &&
      message.seconds == cut_seconds_) {
    cut_line_ += '\n';
    cut_line_ += message.text;
    const std::optional<KilledLine> killed = ParseKilledLine(cut_line_);
    if (killed && killed->comm.size() <= kMaxNameBytes) return EndKill(cut_line_, message);
    if (!killed && cut_line_.size() <= kMaxCutLineBytes) return std::nullopt;
  }
  cut_line_.clear();
  return AddWhole(message);
}

std::optional<OomReport> OomReader::AddWhole(const KernelMessage& message) {
  const std::string_view text = message.text;
  if (ParseKilledLine(text)) return EndKill(text, message);
  if (message.part == KernelMessage::Part::kLine && text.size() <= kMaxCutLineBytes &&
      BeginsKilledLine(text)) {
    cut_line_.assign(text);
    cut_seconds_ = message.seconds;
  } else if (const std::optional<ChosenLine> chosen = ParseChosenLine(text)) {
    // The one before was not killed: what was said of it is not of this one.
    if (chosen_) context_ = Context::kNone;
    chosen_ = Chosen{chosen->scope, chosen->pid, std::string(chosen->comm)};
    last_.reset();
  } else if (BeginsWith(text, kOomKillLine)) {
    BeginContext(Context::kOomKill, message);
  } else if (BeginsWith(text, kTaskInLine)) {
    BeginContext(Context::kTaskIn, message);
  } else if (BeginsWith(text, kTasksInLine)) {
    BeginContext(Context::kTasksIn, message);
  } else if (IsFirstOomLine(text)) {
    context_ = Context::kNone;
    chosen_.reset();
    last_.reset();
  } else if (BelongsToContext(message)) {
    AddToContext(text);
  }
  return std::nullopt;
}

void OomReader::BeginContext(Context context, const KernelMessage& message) {
  context_ = context;
  context_seconds_ = message.seconds;
  context_line_.assign(message.text.substr(0, kMaxContextBytes));
  if (context == Context::kTasksIn) return;
  chosen_.reset();
  last_.reset();
}

void OomReader::AddToContext(std::string_view text) {
  if (context_ == Context::kNone) return;
  context_line_ += text.substr(0, kMaxContextBytes - context_line_.size());
}

// The klog calls do not say what is a piece.
bool OomReader::BelongsToContext(const KernelMessage& message) const {
  if (context_ == Context::kNone || message.part != KernelMessage::Part::kLine) return false;
  constexpr std::string_view kTaskInPieces[] = {"/", " killed as a result of limit of "};
  constexpr std::string_view kTasksInPieces[] = {"/", " are going to be killed"};
  const auto begins = [&](std::string_view piece) { return BeginsWith(message.text, piece); };
  switch (context_) {
    case Context::kOomKill:
      // Or the rest of a name with a newline, which is of the same record.
      return begins(",") || begins("/") ||
             (message.seconds > 0 && message.seconds == context_seconds_);
    case Context::kTaskIn:
      return std::any_of(std::begin(kTaskInPieces), std::end(kTaskInPieces), begins);
    case Context::kTasksIn:
      return std::any_of(std::begin(kTasksInPieces), std::end(kTasksInPieces), begins);
    case Context::kNone:
      break;
  }
  return false;
}

std::optional<OomReport> OomReader::EndKill(std::string_view line, const KernelMessage& message) {
  const std::optional<KilledLine> killed = ParseKilledLine(line);
  OomReport report;
  report.seconds = message.seconds;
  report.pid = killed->pid;
  report.comm.Assign(killed->comm);
  report.uid = killed->uid;
  report.virtual_memory = killed->virtual_memory;
  report.anon = killed->anon;
  report.file = killed->file;
  report.shmem = killed->shmem;
  bool again = false;
  if (killed->scope) {
    report.scope = *killed->scope;
  } else if (chosen_) {
    report.scope = chosen_->scope;
  } else if (last_ && context_ == Context::kTasksIn) {
    report.scope = last_->scope;
  } else if (context_ == Context::kTaskIn) {
    report.scope = OomScope::kCgroup;
  }
  if (context_ == Context::kOomKill) {
    std::string comm(killed->comm);
    // Lines of one record were put together without the newlines between them.
    if (message.part == KernelMessage::Part::kLine) std::erase(comm, '\n');
    AddOomKillContext(comm, report);
  }
  if (context_ == Context::kTaskIn) AddTaskInContext(report);
  if (context_ == Context::kTasksIn) {
    if (last_ && last_->scope == report.scope &&
        report.seconds - last_->seconds <= kGroupPauseSeconds) {
      // The first one is told once more among the members.
      again = last_->pid == report.pid;
      AddGroupContext(report);
      last_->seconds = report.seconds;
    } else {
      context_ = Context::kNone;
    }
  }
  if (context_ != Context::kTasksIn) {
    context_ = Context::kNone;
    last_ = Last{report.seconds, report.scope, report.pid, report.limit_cgroup};
  }
  chosen_.reset();
  cut_line_.clear();
  if (again) return std::nullopt;
  return report;
}

void OomReader::AddOomKillContext(const std::string& comm, OomReport& report) const {
  std::optional<OomKillLine> line = ParseOomKillLine(context_line_, report.pid, comm);
  if (line) {
    if (!report.uid) report.uid = line->uid;
    if (line->cgroups) report.cgroup = line->cgroups->victim;
  } else if (chosen_) {
    // A child of the one that this line is about.
    line = ParseOomKillLine(context_line_, chosen_->pid, chosen_->comm);
  }
  if (line && line->cgroups) report.limit_cgroup = line->cgroups->limit;
}

void OomReader::AddTaskInContext(OomReport& report) const {
  if (!chosen_ || report.scope != OomScope::kCgroup) return;
  const std::optional<OomCgroups> cgroups = ParseTaskInLine(context_line_);
  if (!cgroups) return;
  report.limit_cgroup = cgroups->limit;
  if (chosen_->pid == report.pid) report.cgroup = cgroups->victim;
}

void OomReader::AddGroupContext(OomReport& report) const {
  report.limit_cgroup = last_->limit_cgroup;
  const std::optional<std::string_view> cgroup = ParseTasksInLine(context_line_);
  if (cgroup) report.cgroup = *cgroup;
}

}  // namespace memleak
