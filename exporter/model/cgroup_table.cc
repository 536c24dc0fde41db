#include "exporter/model/cgroup_table.h"

#include <algorithm>
#include <utility>

#include "exporter/model/cgroup_labels.h"

namespace memleak {
namespace {

std::string_view NameOf(const Cgroup& cgroup) {
  return std::string_view{cgroup.path}.substr(cgroup.path.rfind('/') + 1);
}

std::optional<uint64_t> Least(std::optional<uint64_t> a, std::optional<uint64_t> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

}  // namespace

void Cgroup::NoteMember(const Group* member_group, uint64_t start_ticks, uint64_t cpu_ticks_spent,
                        bool counts) {
  for (Cgroup* cgroup = this; cgroup != nullptr; cgroup = cgroup->parent) {
    ++cgroup->members;
    if (counts) ++cgroup->processes;
    cgroup->cpu_ticks += cpu_ticks_spent;
    cgroup->oldest_start_ticks =
        std::min(start_ticks, cgroup->oldest_start_ticks.value_or(start_ticks));
    // A newcomer without a name yet says nothing, or every short-lived one would change labels.
    if (member_group == nullptr) continue;
    if (cgroup->group != nullptr && cgroup->group != member_group) cgroup->several_groups = true;
    cgroup->group = member_group;
  }
}

void Cgroup::ForgetMembers() {
  members = 0;
  group = nullptr;
  several_groups = false;
  oldest_start_ticks.reset();
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
                         bool pids_are_ours, std::string_view node_name)
    : fs_(sysfs),
      container_names_(rootfs, node_name),
      pids_are_ours_(pids_are_ours),
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

Needs::CgroupIds CgroupTable::ids() {
  if (fs_.Find() != ReadStatus::kOk || !fs_.is_live()) return Needs::CgroupIds::kNone;
  return fs_.version_1() ? Needs::CgroupIds::kVersion1 : Needs::CgroupIds::kVersion2;
}

void CgroupTable::BeginPass(double now, uint64_t uptime_ticks,
                            std::optional<uint64_t> node_headroom, bool ids_are_told) {
  ids_are_told_ = ids_are_told;
  ids_.clear();
  last_found_ = {0, nullptr};
  now_ = now;
  looked_at_ticks_ = uptime_ticks;
  node_headroom_ = node_headroom;
  counts_ = Counts{};
  members_.clear();
  cursor_ = 0;
  container_names_.Update();
  mounted_ = fs_.Find() == ReadStatus::kOk;
  for (auto& [path, cgroup] : stand_ins_) {
    cgroup->ForgetMembers();
    cgroup->headroom = HeadroomOfStandIns();
    AskNames(*cgroup);
  }
  if (!mounted_) return;
  if (!root_) root_ = Make("", nullptr);
  Walk();
  std::sort(members_.begin(), members_.end(),
            [](const Member& a, const Member& b) { return a.pid < b.pid; });
  std::sort(ids_.begin(), ids_.end(), [](const Known& a, const Known& b) { return a.id < b.id; });
  SettleThreads();
  for (const Member& member : members_) ++member.cgroup->processes;
  TellParents();
  ShareHeadroom();
}

// Deep hierarchies are no reason for a deep stack, of which a thread of the server has little.
void CgroupTable::Walk() {
  walked_.clear();
  to_visit_.clear();
  to_visit_.push_back({root_.get(), Within{}});
  while (!to_visit_.empty()) {
    const Visiting visiting = to_visit_.back();
    to_visit_.pop_back();
    walked_.push_back(visiting.cgroup);
    Visit(*visiting.cgroup, visiting.within);
    const Within below = Below(*visiting.cgroup, visiting.within);
    const auto& children = visiting.cgroup->children;
    for (size_t i = children.size(); i-- > 0;) to_visit_.push_back({children[i].get(), below});
  }
}

// Children stand behind their parents.
void CgroupTable::TellParents() {
  for (size_t i = walked_.size(); i-- > 0;) {
    Cgroup& cgroup = *walked_[i];
    const bool is_container = cgroup.name.kind == CgroupKind::kContainer;
    if (is_container && cgroup.contains_container) cgroup.kind.reset();
    if (cgroup.parent == nullptr) continue;
    cgroup.parent->processes += cgroup.processes;
    cgroup.parent->incomplete = cgroup.parent->incomplete || cgroup.incomplete;
    cgroup.parent->contains_container =
        cgroup.parent->contains_container || cgroup.contains_container || is_container;
  }
}

void CgroupTable::ShareHeadroom() {
  for (Cgroup* cgroup : walked_) {
    const bool is_root = cgroup->parent == nullptr;
    std::optional<uint64_t> above = is_root ? node_headroom_ : cgroup->parent->headroom;
    // Where it is not known above, a limit of its own does not tell either.
    bool known = !cgroup->limit_unknown && (is_root || !cgroup->parent->headroom_unknown);
    if (cgroup->limit) {
      const auto used = cgroup->memory.unreclaimable;
      known = known && used;
      if (used) above = Least(above, *cgroup->limit - std::min(*cgroup->limit, *used));
    }
    cgroup->headroom_unknown = !known;
    cgroup->headroom = known ? above : std::nullopt;
  }
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
  cgroup.ForgetMembers();
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
  UpdateChildren(cgroup, directory);
  cgroup.contains_container = false;
  cgroup.kind = KindOf(cgroup, within);
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
  if (ids_are_told_) {
    cgroup.processes = 0;
    cgroup.incomplete = false;
    ids_.push_back({CgroupFs::Id(directory), &cgroup});
    return;
  }
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

void CgroupTable::AskNames(Cgroup& cgroup) {
  if (cgroup.name.container_id.empty() && cgroup.name.pod_uid.empty()) return;
  const ContainerName* names = container_names_.Find(cgroup.name, now_);
  // What was known stays while a file is being replaced.
  if (names == nullptr || *names == cgroup.names) return;
  cgroup.names = *names;
  cgroup.stamp = ++stamps_;
}

// Both lists are in order: what is only in the old one vanished, what is only in the new one came.
void CgroupTable::UpdateChildren(Cgroup& cgroup, const CgroupDir& directory) {
  fs_.List(directory, names_);
  std::vector<std::unique_ptr<Cgroup>>& children = cgroup.children;
  size_t at = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    while (at < children.size() && NameOf(*children[at]) < names_[i]) BuryChild(cgroup, at);
    if (at == children.size() || NameOf(*children[at]) != names_[i]) {
      if (known_ >= kMaxCgroups || cgroup.depth + 1 >= kMaxDepth) {
        ++counts_.skipped;
        cgroup.incomplete = true;
        continue;
      }
      std::string path = cgroup.path + '/';
      path += names_[i];
      children.insert(children.begin() + static_cast<std::ptrdiff_t>(at),
                      Make(std::move(path), &cgroup));
      ++known_;
    }
    ++at;
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

CgroupTable::Within CgroupTable::Below(const Cgroup& cgroup, Within within) {
  const CgroupKind kind = cgroup.name.kind;
  const bool is_slice = kind == CgroupKind::kSlice || kind == CgroupKind::kOther;
  within.unit = within.unit || kind == CgroupKind::kUnit;
  within.pod = within.pod || (kind == CgroupKind::kPod && cgroup.limit);
  within.slice = within.slice || (is_slice && cgroup.limit);
  return within;
}

// What it would be exported as; of a container the containers in it have their say later.
std::optional<CgroupKind> CgroupTable::KindOf(const Cgroup& cgroup, const Within& within) {
  if (cgroup.parent == nullptr) return std::nullopt;
  bool shown = false;
  switch (cgroup.name.kind) {
    case CgroupKind::kContainer:
      shown = true;
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
  if (!shown) return std::nullopt;
  return cgroup.name.kind == CgroupKind::kOther ? CgroupKind::kSlice : cgroup.name.kind;
}

void CgroupTable::ReadMemory(Cgroup& cgroup, const CgroupDir& directory) {
  if (!cgroup.kind && !cgroup.limit) return;
  if (fs_.ReadMemory(directory, cgroup.memory) == ReadStatus::kMalformed) ++counts_.malformed;
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

Cgroup* CgroupTable::WithId(uint64_t id) {
  if (last_found_.cgroup != nullptr && last_found_.id == id) return last_found_.cgroup;
  const auto found =
      std::lower_bound(ids_.begin(), ids_.end(), id,
                       [](const Known& known, uint64_t wanted) { return known.id < wanted; });
  if (found == ids_.end() || found->id != id) return nullptr;
  last_found_ = *found;
  return found->cgroup;
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
  Choose();
  counts_.exported = exported_.size();
  buried_.clear();
  std::erase_if(stand_ins_, [](const auto& entry) { return entry.second->members == 0; });
}

void CgroupTable::Choose() {
  selection_.Begin();
  exported_.clear();
  if (!mounted_) return;
  for (Cgroup* cgroup : walked_) {
    const uint64_t size = cgroup->memory.unreclaimable.value_or(0);
    if (!cgroup->MayBeShown()) {
      cgroup->selection = SelectionState{};
    } else if (cgroup->tracked.standing.suspect) {
      selection_.OfferSuspect(cgroup->selection, size, cgroup->tracked.standing.ExhaustsIn());
    } else {
      selection_.Offer(cgroup->selection, size, 0, true, now_);
    }
  }
  selection_.Decide(now_);
  for (Cgroup* cgroup : walked_) {
    if (cgroup->selection.chosen) RenderLabels(*cgroup);
    // Two with one label, and the whole exposition would be refused.
    if (cgroup->selection.chosen && !IsShown(*cgroup)) {
      exported_.push_back(cgroup);
    } else if (cgroup->MayBeShown()) {
      ++counts_.cut;
    }
  }
}

bool CgroupTable::IsShown(const Cgroup& cgroup) const {
  if (!MayShareLabel(cgroup.path)) return false;
  return std::any_of(exported_.begin(), exported_.end(),
                     [&](const Cgroup* shown) { return shown->labels == cgroup.labels; });
}

}  // namespace memleak
