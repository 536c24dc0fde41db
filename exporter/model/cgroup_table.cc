#include "exporter/model/cgroup_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

std::string_view NameOf(const Cgroup& cgroup) {
  return std::string_view(cgroup.path).substr(cgroup.path.rfind('/') + 1);
}

std::string_view KindLabel(CgroupKind kind) {
  switch (kind) {
    case CgroupKind::kContainer:
      return "container";
    case CgroupKind::kPod:
      return "pod";
    case CgroupKind::kUnit:
      return "unit";
    case CgroupKind::kSlice:
    case CgroupKind::kOther:
      break;
  }
  return "slice";
}

std::optional<uint64_t> Least(std::optional<uint64_t> a, std::optional<uint64_t> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

// FNV-1a, 64 bits: the same in every run and on every host.
uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  return hash;
}

// What ends like a label with a hash gets one, too, or it could pass for another cgroup.
constexpr char kHashMark = '#';
bool NeedsHash(std::string_view path) { return path.find(kHashMark) != std::string_view::npos; }

}  // namespace

std::string CgroupLabel(std::string_view path) {
  if (path.empty()) return "/";
  std::string label = ValidUtf8(path);
  if (label == path && !NeedsHash(path)) return label;
  std::array<char, 16> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), Hash(path), 16).ptr;
  label = ValidUtf8(path, kMaxLabelValueBytes - digits.size() - 1);
  label += kHashMark;
  label.append(digits.data(), static_cast<size_t>(end - digits.data()));
  return label;
}

void Cgroup::NoteMember(const Group* member_group) {
  for (Cgroup* cgroup = this; cgroup != nullptr; cgroup = cgroup->parent) {
    ++cgroup->members;
    // A newcomer without a name yet says nothing, or every short-lived one would change labels.
    if (member_group == nullptr) continue;
    if (cgroup->group != nullptr && cgroup->group != member_group) cgroup->several_groups = true;
    cgroup->group = member_group;
  }
}

const Cgroup* CommonAncestor(const Cgroup* a, const Cgroup* b) {
  while (a != b && a != nullptr && b != nullptr) {
    if (a->depth >= b->depth) {
      a = a->parent;
    } else {
      b = b->parent;
    }
  }
  return a == b ? a : nullptr;
}

CgroupTable::CgroupTable(const std::string& sysfs, const std::string& rootfs, size_t export_limit,
                         bool pids_are_ours)
    : fs_(sysfs),
      container_names_(rootfs),
      pids_are_ours_(pids_are_ours),
      lists_(static_cast<size_t>(kMaxDepth)),
      selection_(export_limit) {}

std::unique_ptr<Cgroup> CgroupTable::Make(std::string path, Cgroup* parent) {
  auto cgroup = std::make_unique<Cgroup>();
  cgroup->path = std::move(path);
  cgroup->parent = parent;
  cgroup->depth = parent != nullptr ? parent->depth + 1 : 0;
  cgroup->name = ParseCgroupPath(cgroup->path);
  cgroup->stamp = ++stamps_;
  return cgroup;
}

void CgroupTable::BeginPass(double now, uint64_t uptime_ticks,
                            std::optional<uint64_t> node_headroom) {
  now_ = now;
  looked_at_ticks_ = uptime_ticks;
  node_headroom_ = node_headroom;
  counts_ = Counts{};
  members_.clear();
  cursor_ = 0;
  container_names_.Update();
  mounted_ = fs_.Find() == ReadStatus::kOk;
  for (auto& [path, cgroup] : stand_ins_) {
    cgroup->group = nullptr;
    cgroup->several_groups = false;
    cgroup->members = 0;
    cgroup->headroom = HeadroomOfStandIns();
    AskNames(*cgroup);
  }
  if (!mounted_) return;
  if (!root_) root_ = Make("", nullptr);
  Visit(*root_, Within{});
  ShareHeadroom(*root_, node_headroom, true);
  std::sort(members_.begin(), members_.end(),
            [](const Member& a, const Member& b) { return a.pid < b.pid; });
  SettleThreads();
  for (const Member& member : members_) ++member.cgroup->processes;
  SumProcesses(*root_);
}

// With version 1 a process is listed wherever one of its threads is. Its memory is charged where
// the thread is that it is named after.
void CgroupTable::SettleThreads() {
  std::vector<Cgroup*> disputing;
  for (size_t i = 1; i < members_.size(); ++i) {
    if (members_[i].pid != members_[i - 1].pid) continue;
    disputing.push_back(members_[i - 1].cgroup);
    disputing.push_back(members_[i].cgroup);
  }
  if (disputing.empty()) return;
  std::sort(disputing.begin(), disputing.end());
  disputing.erase(std::unique(disputing.begin(), disputing.end()), disputing.end());
  for (Cgroup* cgroup : disputing) {
    pids_.clear();
    fs_.ReadThreads(fs_.Open(cgroup->path), pids_);
    std::sort(pids_.begin(), pids_.end());
    std::erase_if(members_, [&](const Member& member) {
      return member.cgroup == cgroup && !std::binary_search(pids_.begin(), pids_.end(), member.pid);
    });
  }
}

void CgroupTable::Visit(Cgroup& cgroup, const Within& within) {
  cgroup.group = nullptr;
  cgroup.several_groups = false;
  cgroup.members = 0;
  const CgroupDir directory = fs_.Open(cgroup.path);
  if (directory.status() != ReadStatus::kOk) {
    Forget(cgroup, directory.status());
    return;
  }
  if (cgroup.parent != nullptr) {
    const ReadStatus status = fs_.ReadLimit(directory, cgroup.limit);
    // A cgroup without the file has no limit: the controller is off there.
    cgroup.limit_unknown = status == ReadStatus::kDenied || status == ReadStatus::kMalformed;
    if (status == ReadStatus::kMalformed) ++counts_.malformed;
  }
  TakeMembers(cgroup, directory);
  AskNames(cgroup);
  VisitChildren(cgroup, directory, within);
  Classify(cgroup, within);
  ReadMemory(cgroup, directory);
}

// Nothing of it is known now; if it vanished, the next pass will not list it.
void CgroupTable::Forget(Cgroup& cgroup, ReadStatus status) {
  while (!cgroup.children.empty()) BuryChild(cgroup, cgroup.children.size() - 1);
  cgroup.limit.reset();
  cgroup.limit_unknown = status != ReadStatus::kGone;
  cgroup.kind.reset();
  cgroup.processes = 0;
  cgroup.incomplete = true;
  cgroup.contains_container = false;
}

void CgroupTable::TakeMembers(Cgroup& cgroup, const CgroupDir& directory) {
  pids_.clear();
  // A cgroup of threads only refuses, and its processes are listed where their memory counts.
  fs_.ReadProcesses(directory, pids_);
  cgroup.processes = 0;
  cgroup.incomplete = false;
  if (!pids_are_ours_) {
    cgroup.processes = pids_.size();
    cgroup.incomplete = fs_.version_1();
    return;
  }
  for (const int32_t pid : pids_) {
    if (pid == 0) {
      ++cgroup.processes;
    } else {
      members_.push_back({pid, &cgroup});
    }
  }
}

void CgroupTable::SumProcesses(Cgroup& cgroup) {
  for (const auto& child : cgroup.children) {
    SumProcesses(*child);
    cgroup.processes += child->processes;
  }
}

void CgroupTable::AskNames(Cgroup& cgroup) {
  if (cgroup.name.container_id.empty() && cgroup.name.pod_uid.empty()) return;
  const ContainerName* names = container_names_.Find(cgroup.name, now_);
  // What was known stays while a file is being replaced.
  if (names == nullptr || *names == cgroup.names) return;
  cgroup.names = *names;
  cgroup.stamp = ++stamps_;
}

void CgroupTable::VisitChildren(Cgroup& cgroup, const CgroupDir& directory, Within within) {
  NameList& names = lists_[static_cast<size_t>(cgroup.depth)];
  fs_.List(directory, names);

  const bool is_slice =
      cgroup.name.kind == CgroupKind::kSlice || cgroup.name.kind == CgroupKind::kOther;
  within.unit = within.unit || cgroup.name.kind == CgroupKind::kUnit;
  within.pod = within.pod || (cgroup.name.kind == CgroupKind::kPod && cgroup.limit);
  within.slice = within.slice || (is_slice && cgroup.limit);

  // Both lists are in order: what is only in the old one vanished, what is only in the new one
  // came.
  cgroup.contains_container = false;
  std::vector<std::unique_ptr<Cgroup>>& children = cgroup.children;
  size_t at = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    while (at < children.size() && NameOf(*children[at]) < names[i]) BuryChild(cgroup, at);
    if (at == children.size() || NameOf(*children[at]) != names[i]) {
      if (known_ >= kMaxCgroups || cgroup.depth + 1 >= kMaxDepth) {
        ++counts_.skipped;
        cgroup.incomplete = true;
        continue;
      }
      std::string path = cgroup.path + '/';
      path += names[i];
      children.insert(children.begin() + static_cast<std::ptrdiff_t>(at),
                      Make(std::move(path), &cgroup));
      ++known_;
    }
    Cgroup& child = *children[at++];
    Visit(child, within);
    cgroup.incomplete = cgroup.incomplete || child.incomplete;
    cgroup.contains_container = cgroup.contains_container || child.contains_container ||
                                child.name.kind == CgroupKind::kContainer;
  }
  while (at < children.size()) BuryChild(cgroup, at);
}

void CgroupTable::BuryChild(Cgroup& cgroup, size_t index) {
  const auto child = cgroup.children.begin() + static_cast<std::ptrdiff_t>(index);
  MarkGone(**child);
  buried_.push_back(std::move(*child));
  cgroup.children.erase(child);
}

void CgroupTable::MarkGone(Cgroup& cgroup) {
  --known_;
  cgroup.gone = true;
  for (const auto& child : cgroup.children) MarkGone(*child);
}

void CgroupTable::Classify(Cgroup& cgroup, const Within& within) {
  cgroup.kind.reset();
  if (cgroup.parent == nullptr) return;
  bool shown = false;
  switch (cgroup.name.kind) {
    case CgroupKind::kContainer:
      shown = !cgroup.contains_container;
      break;
    case CgroupKind::kUnit:
      shown = !within.unit;
      break;
    case CgroupKind::kPod:
      shown = cgroup.limit && !within.pod;
      break;
    case CgroupKind::kSlice:
    case CgroupKind::kOther:
      shown = cgroup.limit && !within.slice;
      break;
  }
  if (!shown) return;
  cgroup.kind = cgroup.name.kind == CgroupKind::kOther ? CgroupKind::kSlice : cgroup.name.kind;
}

void CgroupTable::ReadMemory(Cgroup& cgroup, const CgroupDir& directory) {
  if (!cgroup.kind && !cgroup.limit) return;
  if (fs_.ReadMemory(directory, cgroup.memory) == ReadStatus::kMalformed) ++counts_.malformed;
}

void CgroupTable::ShareHeadroom(Cgroup& cgroup, std::optional<uint64_t> above, bool known) {
  if (cgroup.limit) {
    const auto used = cgroup.memory.unreclaimable;
    known = known && used;
    if (used) above = Least(above, *cgroup.limit - std::min(*cgroup.limit, *used));
  }
  known = known && !cgroup.limit_unknown;
  cgroup.headroom = known ? above : std::nullopt;
  for (const auto& child : cgroup.children) ShareHeadroom(*child, above, known);
}

Cgroup* CgroupTable::Of(int32_t pid, uint64_t start_ticks) {
  // It may have been given the pid of one that was listed.
  if (start_ticks > looked_at_ticks_) return nullptr;
  if (cursor_ > 0 && members_[cursor_ - 1].pid >= pid) cursor_ = 0;
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(cursor_);
  const auto found =
      begin != members_.end() && begin->pid >= pid
          ? begin
          : std::lower_bound(begin, members_.end(), pid, [](const Member& member, int32_t wanted) {
              return member.pid < wanted;
            });
  cursor_ = static_cast<size_t>(found - members_.begin());
  return found != members_.end() && found->pid == pid ? found->cgroup : nullptr;
}

std::optional<uint64_t> CgroupTable::HeadroomOfStandIns() const {
  // Where there is a hierarchy there may be limits that we do not know of.
  return mounted_ ? std::nullopt : node_headroom_;
}

Cgroup* CgroupTable::InHierarchy(std::string_view path) const {
  Cgroup* cgroup = root_.get();
  while (cgroup != nullptr && !path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    const auto child = std::lower_bound(
        cgroup->children.begin(), cgroup->children.end(), name,
        [](const auto& a, std::string_view wanted) { return NameOf(*a) < wanted; });
    const bool found = child != cgroup->children.end() && NameOf(**child) == name;
    cgroup = found ? child->get() : nullptr;
  }
  return cgroup;
}

Cgroup* CgroupTable::At(std::string_view path) {
  if (mounted_) {
    if (Cgroup* cgroup = InHierarchy(path)) return cgroup;
  }
  auto found = stand_ins_.find(path);
  if (found == stand_ins_.end()) {
    if (stand_ins_.size() >= kMaxCgroups) return nullptr;
    found = stand_ins_.emplace(path, Make(std::string(path), nullptr)).first;
    found->second->headroom = HeadroomOfStandIns();
    AskNames(*found->second);
  }
  return found->second.get();
}

void CgroupTable::EndPass() {
  container_names_.EndPass(now_);
  selection_.Begin();
  if (mounted_) Offer(*root_);
  selection_.Decide(now_);
  exported_.clear();
  if (mounted_) Show(*root_);
  counts_.exported = exported_.size();
  buried_.clear();
  std::erase_if(stand_ins_, [](const auto& entry) { return entry.second->members == 0; });
}

void CgroupTable::Offer(Cgroup& cgroup) {
  if (cgroup.kind && cgroup.memory.usage) {
    selection_.Offer(cgroup.selection, cgroup.memory.unreclaimable.value_or(0), 0, true, now_);
  } else {
    cgroup.selection = SelectionState{};
  }
  for (const auto& child : cgroup.children) Offer(*child);
}

void CgroupTable::Show(Cgroup& cgroup) {
  if (cgroup.selection.chosen) Render(cgroup);
  if (cgroup.selection.chosen && !IsShown(cgroup.labels)) {
    exported_.push_back(&cgroup);
  } else if (cgroup.kind && cgroup.memory.usage) {
    ++counts_.cut;
  }
  for (const auto& child : cgroup.children) Show(*child);
}

// Whoever may make cgroups may also look for two names with the same hash: the second is not shown,
// or the whole exposition would be refused.
bool CgroupTable::IsShown(const std::string& labels) const {
  if (labels.find(kHashMark) == std::string::npos) return false;
  return std::any_of(exported_.begin(), exported_.end(),
                     [&](const Cgroup* shown) { return shown->labels == labels; });
}

void CgroupTable::Render(Cgroup& cgroup) {
  const std::string_view group =
      cgroup.group != nullptr && !cgroup.several_groups && !cgroup.incomplete
          ? std::string_view(cgroup.group->name)
          : std::string_view();
  if (!cgroup.labels.empty() && cgroup.labelled_kind == cgroup.kind &&
      cgroup.labelled_stamp == cgroup.stamp && cgroup.labelled_group == group) {
    return;
  }
  cgroup.labelled_kind = cgroup.kind;
  cgroup.labelled_stamp = cgroup.stamp;
  cgroup.labelled_group = group;
  cgroup.labels.clear();
  AppendLabel(cgroup.labels, "cgroup", CgroupLabel(cgroup.path));
  AppendLabel(cgroup.labels, "kind", KindLabel(*cgroup.kind));
  AppendKnownLabel(cgroup.labels, "unit", cgroup.name.unit);
  AppendKnownLabel(cgroup.labels, "namespace", cgroup.names.name_space);
  AppendKnownLabel(cgroup.labels, "pod", cgroup.names.pod);
  AppendKnownLabel(cgroup.labels, "container", cgroup.names.container);
  AppendKnownLabel(cgroup.labels, "group", group);
}

}  // namespace memleak
