// The history: samples into slots, slots into coarser slots, lives into one curve. What it means is
// in growth.cc, load.cc, judgement.cc and exhaustion.cc.
#include "exporter/trend/trend.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace memleak {
namespace {

// Slots are counted in 32 bits: what is further away is no time.
constexpr double kLongest = 1 << 30;
constexpr double kMillionths = 1e6;
// A life that ends this close to its limit ended because of it.
constexpr double kNearLimit = 0.2;
// The share of the values that the peaks are meant to be above all but.
constexpr double kPeakQuantile = 0.99;
constexpr double kPeakPace = 0.05;

double Sum(double a, double b) {
  if (std::isnan(a)) return b;
  return std::isnan(b) ? a : a + b;
}

LogCode MeanOf(std::span<const LogCode> codes) {
  double sum = 0;
  int count = 0;
  for (const LogCode code : codes) {
    if (code == kCodeUnknown) continue;
    sum += DecodeLog(code);
    ++count;
  }
  return count == 0 ? kCodeUnknown : EncodeLog(sum / count);
}

}  // namespace

Trend::Trend(const TrendShape& shape, double slot, double born)
    : last_time_(born), life_began_(born), slot_(static_cast<float>(slot)), shape_(shape) {
  low_.fill(kNone);
}

bool Trend::Valid() const {
  // A bool that came from elsewhere may hold any byte, and must not be read as one.
  const auto is_bool = [](const bool& flag) {
    uint8_t byte = 0;
    std::memcpy(&byte, &flag, sizeof byte);
    return byte <= 1;
  };
  if (!is_bool(begun_) || !is_bool(work_has_descriptors_) || !std::isfinite(slot_) || slot_ <= 0 ||
      !std::isfinite(origin_) || recent_count_ > kRecent) {
    return false;
  }
  // So that no count of slots runs over.
  const double lived = begun_ ? (last_time_ - origin_) / slot_ : 0;
  const bool counts = lived >= 0 && lived <= kLongest && number_ >= 0 && number_ <= kLongest &&
                      life_number_ >= 0 && life_number_ <= number_ && curve_from_ >= -1 &&
                      skip_until_ >= 0 && skip_until_ <= life_number_ + kWarmUpSlots;
  const auto level = [](int8_t value) { return value >= -1 && value < kLevels; };
  const bool resources = std::all_of(resources_.begin(), resources_.end(), [&](const Resource& r) {
    return is_bool(r.raised) && is_bool(r.confirmed) && is_bool(r.known) && level(r.growth_level) &&
           level(r.raised_level) && (!r.raised || r.raised_level >= 0) &&
           r.pattern <= TrendPattern::kClimbUntilRestart;
  });
  return counts && resources && std::all_of(shape_.begin(), shape_.end(), [](Quantity quantity) {
           return quantity <= Quantity::kDescriptors;
         });
}

void Trend::NoteSiblings(double correlation) { siblings_ = static_cast<float>(correlation); }

void Trend::Add(const TrendSample& sample) {
  if (!std::isfinite(sample.time)) return;
  if (begun_ && !(sample.time > last_time_ && InReach(sample.time))) return;
  if (!begun_) {
    begun_ = true;
    origin_ = sample.time;
    if (std::isnan(life_began_)) life_began_ = sample.time;
    const double age = (origin_ - life_began_) / slot_;
    skip_until_ = static_cast<int32_t>(
        std::clamp(std::ceil(kWarmUpSlots - age), 0.0, static_cast<double>(kWarmUpSlots)));
    if (skip_until_ > 0) curve_from_ = skip_until_;
    life_number_ = 0;
    cpu_mark_ = sample.cpu_seconds;
    cpu_mark_time_ = 0;
  }
  if (WasKilled(sample)) Restart(sample.time);
  const auto number = static_cast<int64_t>((sample.time - origin_) / slot_);
  if (number > number_) CloseUntil(number);
  Accumulate(sample);
  last_time_ = sample.time;
}

// What was at its limit and lost most of what it held was killed there, also where nobody tells of
// a new life: a cgroup outlives what runs in it.
bool Trend::WasKilled(const TrendSample& sample) const {
  const Resource& resource = resources_[0];
  const double left = sample.resources[0].value / static_cast<double>(resource.value);
  // The nearer it was, the more may be left in other processes.
  constexpr float kAtLimit = 0.1F;
  constexpr double kMost = 0.5;
  constexpr double kLittle = 0.3;
  const bool at_limit = resource.headroom <= kAtLimit * (resource.value + resource.headroom);
  return (at_limit && left < kMost) || (NearLimit(0) && left < kLittle);
}

bool Trend::InReach(double time) const { return std::abs((time - origin_) / slot_) < kLongest; }

void Trend::Accumulate(const TrendSample& sample) {
  double descriptors = kUnknown;
  for (size_t i = 0; i < kTrendResources; ++i) {
    if (shape_[i] == Quantity::kNone) continue;
    Resource& resource = resources_[i];
    resource.value = static_cast<float>(sample.resources[i].value);
    resource.headroom = static_cast<float>(sample.resources[i].headroom);
    if (shape_[i] == Quantity::kDescriptors) descriptors = sample.resources[i].value;
    if (!std::isnan(resource.value)) {
      low_[i] = std::fmin(low_[i], resource.value);
      FollowPeaks(resource, sample.time);
    }
  }
  if (!std::isnan(sample.cpu_seconds)) {
    // A counter that began anew.
    if (!(sample.cpu_seconds >= last_cpu_)) {
      cpu_mark_ = sample.cpu_seconds;
      cpu_mark_time_ = Relative(sample.time);
    }
    last_cpu_ = sample.cpu_seconds;
    last_cpu_time_ = Relative(sample.time);
  }
  const double work =
      Sum(std::isnan(sample.connections) ? descriptors : sample.connections, sample.threads);
  work_has_descriptors_ = std::isnan(sample.connections) && !std::isnan(descriptors);
  if (!std::isnan(work)) {
    work_sum_ += static_cast<float>(work);
    ++work_count_;
  }
  NoteRecent(sample);
}

// An expectile rather than a quantile: it needs no history, and is close enough.
void Trend::FollowPeaks(Resource& resource, double time) const {
  if (resource.growth_level < 0) return;
  const double line =
      resource.line + static_cast<double>(resource.slope) * (Relative(time) - resource.line_time);
  const double above = static_cast<double>(resource.value) + resource.offset - line;
  const double difference = above - resource.peak_height;
  const double passed = std::min(1.0, (time - last_time_) / slot_);
  const double pace = kPeakPace * 2 * passed * (difference > 0 ? kPeakQuantile : 1 - kPeakQuantile);
  resource.peak_height = static_cast<float>(
      std::max(0.0, static_cast<double>(resource.peak_height) + pace * difference));
}

void Trend::NoteRecent(const TrendSample& sample) {
  const float time = Relative(sample.time);
  // A little less than an eighth, as scrapes do not come at the very second.
  constexpr float kSpacing = 0.12F;
  if (recent_count_ > 0 && time - recent_[recent_count_ - 1U].time < kSpacing * slot_) return;
  if (recent_count_ == kRecent) {
    std::move(recent_.begin() + 1, recent_.end(), recent_.begin());
    --recent_count_;
  }
  Recent& recent = recent_[recent_count_++];
  recent.time = time;
  for (size_t i = 0; i < kTrendResources; ++i) recent.values[i] = resources_[i].value;
}

void Trend::CloseUntil(int64_t number) {
  // What lies further back than the longest window would be forgotten one by one.
  constexpr int64_t kForgetful = int64_t{kSlots} << (2 * (kLevels - 1));
  if (number - number_ > kForgetful) {
    CloseSlot();
    slots_ = {};
    number_ = static_cast<int32_t>(number);
    return;
  }
  while (number_ < number) CloseSlot();
}

void Trend::CloseSlot() {
  Slot& slot = At(0, number_);
  slot = Slot{};
  bool any = false;
  const bool warm = number_ >= skip_until_;
  for (size_t i = 0; i < kTrendResources; ++i) {
    const double low = low_[i];
    if (std::isnan(low) || !warm) continue;
    Resource& resource = resources_[i];
    if (resource.join_to > 0) {
      resource.offset = static_cast<float>(resource.join_to - low);
      resource.join_to = 0;
    }
    slot.troughs[i] = EncodeLog(std::max(low + resource.offset, 0.0));
    any = true;
    if (number_ < skip_until_ + kBaselineEndSlot - kWarmUpSlots && (resource.baseline_fixed == 0) &&
        !(resource.baseline <= low_[i])) {
      resource.baseline = low_[i];
      resource.baseline_time = static_cast<float>(number_ * static_cast<double>(slot_));
    }
  }
  if (number_ >= skip_until_ + kBaselineEndSlot - kWarmUpSlots) {
    for (Resource& resource : resources_) resource.baseline_fixed = 1;
  }
  if (!std::isnan(cpu_mark_) && last_cpu_time_ > cpu_mark_time_) {
    slot.cpu = EncodeLog(kMillionths * (last_cpu_ - cpu_mark_) /
                         static_cast<double>(last_cpu_time_ - cpu_mark_time_));
    cpu_mark_ = last_cpu_;
    cpu_mark_time_ = last_cpu_time_;
  }
  if (work_count_ > 0) slot.work = EncodeLog(work_sum_ / static_cast<float>(work_count_));
  low_.fill(kNone);
  work_sum_ = 0;
  work_count_ = 0;

  int64_t number = number_++;
  if (any) Look(0, number);
  for (int level = 1; level < kLevels && (number & 3) == 3; ++level) {
    number >>= 2;
    Merge(level, number);
  }
}

void Trend::Merge(int level, int64_t number) {
  std::array<LogCode, 4> cpu{};
  std::array<LogCode, 4> work{};
  Slot merged;
  bool any = false;
  for (size_t k = 0; k < 4; ++k) {
    const Slot& part = At(level - 1, (number << 2) + static_cast<int64_t>(k));
    cpu[k] = part.cpu;
    work[k] = part.work;
    for (size_t i = 0; i < kTrendResources; ++i) {
      LogCode& trough = merged.troughs[i];
      if (part.troughs[i] == kCodeUnknown) continue;
      any = true;
      trough = trough == kCodeUnknown ? part.troughs[i] : std::min(trough, part.troughs[i]);
    }
  }
  merged.cpu = MeanOf(cpu);
  merged.work = MeanOf(work);
  At(level, number) = merged;
  if (!any) return;
  if (level == 1) {
    for (size_t i = 0; i < kTrendResources; ++i) {
      if (merged.troughs[i] != kCodeUnknown) NoteTooth(i, DecodeLog(merged.troughs[i]));
    }
  }
  Look(level, number);
}

void Trend::NoteTooth(size_t index, double trough) {
  Resource& resource = resources_[index];
  const auto value = static_cast<float>(trough);
  if (std::isnan(resource.tooth_high)) {
    resource.tooth_high = resource.tooth_low = value;
    return;
  }
  resource.tooth_high = std::max(resource.tooth_high, value);
  const double rise = resource.tooth_high - resource.tooth_low;
  const double fall = resource.tooth_high - value;
  constexpr double kFall = 0.3;
  if (fall > std::max(kFall * rise, Floor(index, value))) {
    // Teeth differ: a higher one is remembered for some of those that follow.
    constexpr float kForget = 0.1F;
    const float remembered = resource.tooth_top - kForget * (resource.tooth_top - value);
    resource.tooth_top =
        std::isnan(remembered) ? resource.tooth_high : std::max(resource.tooth_high, remembered);
    resource.tooth_high = resource.tooth_low = value;
    const auto now = static_cast<float>(number_ * static_cast<double>(slot_));
    const float since = now - (std::isnan(resource.last_drop) ? 0 : resource.last_drop);
    resource.tooth_period =
        std::max(since, resource.tooth_period - kForget * (resource.tooth_period - since));
    resource.last_drop = now;
    if (resource.drops < UINT8_MAX) ++resource.drops;
  } else {
    resource.tooth_low = std::min(resource.tooth_low, value);
  }
}

void Trend::ForgetCurve(size_t index) {
  for (auto& level : slots_) {
    for (Slot& slot : level) slot.troughs[index] = kCodeUnknown;
  }
  const Resource old = resources_[index];
  Resource& resource = resources_[index];
  resource = Resource{};
  resource.value = old.value;
  resource.headroom = old.headroom;
  resource.known = old.known;
  if (!old.raised) return;
  // What was learned survives; whether it goes on is seen when the scale that raised it has seen
  // this life.
  resource.raised = true;
  resource.raised_level = old.raised_level;
  resource.confirmed = old.confirmed;
  resource.pattern = old.pattern;
  resource.baseline = old.baseline;
  resource.baseline_time = old.baseline_time;
  resource.baseline_fixed = old.baseline_fixed;
}

// False where the limit is unknown.
bool Trend::NearLimit(size_t index) const {
  const Resource& resource = resources_[index];
  const double limit = static_cast<double>(resource.value) + resource.headroom;
  return resource.headroom <= kNearLimit * limit;
}

// Whether this life climbed to its very end, and not to its program's: the next one continues it.
bool Trend::ClimbedToItsEnd(size_t index) const {
  const Resource& resource = resources_[index];
  std::array<Point, kMaxFitPoints> curve;
  const size_t all = Curve(index, curve);
  size_t from = 0;
  const double began = life_number_ * static_cast<double>(slot_);
  while (from < all && curve[from].time < began) ++from;
  const auto points = std::span<const Point>(curve).subspan(from, all - from);
  const bool near_limit = NearLimit(index);
  if (points.empty()) return near_limit;
  constexpr size_t kFew = 4;
  if (points.size() < kFew) return near_limit || resource.raised;
  constexpr int kLongLife = 60;
  const bool by_limit = near_limit || resource.raised ||
                        (std::isnan(resource.headroom) && number_ - life_number_ >= kLongLife);
  if (!by_limit) return false;
  const double gain = points.back().value - points.front().value;
  constexpr double kSteady = 0.6;
  const size_t middle = points.size() / 2;
  const double late = points.back().value - points[middle].value;
  const double late_time = points.back().time - points[middle].time;
  const double rate = gain / (points.back().time - points.front().time);
  return gain >= Floor(index, points.front().value) && KendallTau(points) >= kSteady &&
         late >= rate * late_time / 2;
}

void Trend::Restart(double time) {
  if (!std::isfinite(time) || (begun_ && !InReach(time))) return;
  if (!begun_) {
    life_began_ = last_time_ = time;
    return;
  }
  const auto number = static_cast<int64_t>((time - origin_) / slot_);
  if (number > number_) CloseUntil(number);
  const int32_t lived = number_ - life_number_;
  // Workers that come and go all the time are one life of their group.
  if (lived < kWarmUpSlots && !NearLimit(0)) return;
  // What the open slot saw is of both lives.
  bool joins = false;
  for (size_t i = 0; i < kTrendResources; ++i) {
    if (shape_[i] == Quantity::kNone) continue;
    if (ClimbedToItsEnd(i)) {
      joins = true;
      std::array<Point, kMaxFitPoints> curve;
      const size_t count = Curve(i, curve);
      if (count > 0) resources_[i].join_to = static_cast<float>(curve[count - 1].value);
    } else {
      ForgetCurve(i);
    }
  }
  for (Resource& resource : resources_) resource.value = kNone;
  low_.fill(kNone);
  recent_count_ = 0;
  cpu_mark_ = last_cpu_ = kUnknown;
  life_began_ = time;
  life_number_ = number_;
  // The lives of a crash loop may be shorter than any warm-up.
  const int32_t warm_up = joins ? std::min<int32_t>(kWarmUpSlots, lived / 4) : kWarmUpSlots;
  skip_until_ = number_ + warm_up;
  if (!joins) curve_from_ = skip_until_;
  if (restarts_ < UINT16_MAX) ++restarts_;
}

size_t Trend::Curve(size_t index, std::span<Point> points) const {
  size_t count = 0;
  for (int level = kLevels - 1; level >= 0; --level) {
    // Closed slots of this level, as far as no finer level has them.
    const int64_t end = number_ >> (2 * level);
    int64_t until = end;
    if (level > 0) {
      const int64_t finer = std::max<int64_t>(0, (number_ >> (2 * (level - 1))) - kSlots);
      until = std::min(end, finer >> 2);
    }
    const double length = Length(level);
    for (int64_t number = std::max<int64_t>(0, end - kSlots); number < until; ++number) {
      const LogCode code = At(level, number).troughs[index];
      if (code == kCodeUnknown || count == points.size() || !Settled(level, number)) continue;
      // Of values that rise the lowest is the first.
      points[count++] = {static_cast<double>(number) * length, DecodeLog(code)};
    }
  }
  return count;
}

}  // namespace memleak
