#include "collectors/slab.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/model/label_text.h"
#include "exporter/model/selection.h"

namespace memleak {
namespace {

constexpr Family kCacheBytes =
    BytesGauge("memleak_node_slab_cache_bytes",
               "Largest kernel caches that cannot be given back, read once a minute; the kernel "
               "lets caches that are alike share a name.");

class SlabCollector : public Collector {
 public:
  // A leaking cache outgrows all others, so a few are enough to see it.
  static constexpr size_t kLimit = 10;

  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (snapshot.node.slab_caches == nullptr) throw std::runtime_error("slabinfo cannot be read");
    const std::vector<SlabCache>& caches = *snapshot.node.slab_caches;
    Follow(caches);
    selection_.Begin();
    for (size_t i = 0; i < caches.size(); ++i) {
      // One that holds nothing may not enter.
      if (caches[i].reclaimable) continue;
      selection_.Offer(shown_[i].selection, caches[i].bytes, 1, true, snapshot.time.monotonic);
    }
    selection_.Decide(snapshot.time.monotonic);

    writer.Begin(kCacheBytes);
    for (size_t i = 0; i < caches.size(); ++i) {
      if (shown_[i].selection.chosen) writer.Sample(shown_[i].labels, caches[i].bytes);
    }
  }

 private:
  struct Shown {
    std::string name;
    std::string labels;
    SelectionState selection;
  };

  // Makes shown_ tell of the same caches in the same order; those that stayed stay chosen.
  void Follow(const std::vector<SlabCache>& caches) {
    const auto same = [](const SlabCache& a, const Shown& b) { return a.name == b.name; };
    if (std::equal(caches.begin(), caches.end(), shown_.begin(), shown_.end(), same)) return;
    std::unordered_map<std::string, SelectionState> before;
    for (const Shown& shown : shown_) before.emplace(shown.name, shown.selection);
    shown_.clear();
    for (const SlabCache& cache : caches) {
      Shown& shown = shown_.emplace_back();
      shown.name = cache.name;
      AppendLabel(shown.labels, "cache", cache.name);
      // Each state goes to one cache only, should the kernel print a name twice.
      if (const auto state = before.extract(cache.name)) shown.selection = state.mapped();
    }
  }

  std::vector<Shown> shown_;
  Selection selection_{kLimit};
};

}  // namespace

std::unique_ptr<Collector> MakeSlabCollector() { return std::make_unique<SlabCollector>(); }

}  // namespace memleak
