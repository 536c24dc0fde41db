#include "exporter/model/workload.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace memleak {
namespace {

// Names that the API server makes up end in five characters, after a base that is cut so that the
// whole has at most 63 (Kubernetes: staging/src/k8s.io/apiserver/pkg/storage/names/generate.go).
constexpr size_t kRandomLength = 5;
constexpr size_t kMaxGeneratedLength = 63;

// No vowels and no 0, 1 and 3, so that no words appear (staging/src/k8s.io/apimachinery/pkg/util/
// rand/rand.go).
constexpr std::string_view kRandomCharacters = "bcdfghjklmnpqrstvwxz2456789";
// The decimal digits of a hash, each made one of those by SafeEncodeString there.
constexpr std::string_view kHashDigits = "456789bcdf";
// Fewer digits than six have one hash in 43,000; as many or more are no part of a name that people
// give.
constexpr size_t kMinHashLength = 6;
constexpr size_t kMaxHashLength = 10;

constexpr size_t kCronMinutesLength = 8;
// Of completion indexes and ordinals.
constexpr size_t kMaxOrdinalLength = 5;

bool ConsistsOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool IsNumber(std::string_view text) { return ConsistsOf(text, "0123456789"); }

// What stands after the last dash of `name`; empty when nothing would be left before it.
std::string_view LastPart(std::string_view name) {
  const size_t dash = name.rfind('-');
  return dash == std::string_view::npos || dash == 0 ? "" : name.substr(dash + 1);
}

std::string_view WithoutLastPart(std::string_view name) { return name.substr(0, name.rfind('-')); }

// The hash of a pod template, a 32 bit number (pkg/controller/controller_utils.go,
// ComputeHash).
bool IsTemplateHash(std::string_view text) {
  if (text.size() < kMinHashLength || text.size() > kMaxHashLength) return false;
  uint64_t hash = 0;
  for (const char c : text) {
    const size_t digit = kHashDigits.find(c);
    if (digit == std::string_view::npos) return false;
    hash = hash * 10 + digit;
  }
  return text[0] != kHashDigits[0] && hash <= UINT32_MAX;
}

// "0" or a number without leading zeros.
bool IsOrdinal(std::string_view text) {
  return IsNumber(text) && text.size() <= kMaxOrdinalLength && (text == "0" || text[0] != '0');
}

// Minutes since 1970 (pkg/controller/cronjob/utils.go, getTimeHashInMinutes): 2 or 3 comes first
// from 2008 to 2046.
bool IsCronMinutes(std::string_view text) {
  return IsNumber(text) && text.size() == kCronMinutesLength && (text[0] == '2' || text[0] == '3');
}

// Of a pod of a Deployment, what its ReplicaSet's name was cut to before the random characters: any
// number of the hash's digits may be left.
std::string_view WithoutCutHash(std::string_view base) {
  const std::string_view last = LastPart(base);
  return last.size() <= kMaxHashLength && ConsistsOf(last, kHashDigits) ? WithoutLastPart(base)
                                                                        : base;
}

std::string_view OwnerOfGenerated(std::string_view base) {
  if (IsTemplateHash(LastPart(base))) return WithoutLastPart(base);
  // An Indexed Job's pod (pkg/controller/job/indexed_job_utils.go), perhaps of a CronJob.
  if (IsOrdinal(LastPart(base))) base = WithoutLastPart(base);
  if (IsCronMinutes(LastPart(base))) base = WithoutLastPart(base);
  return base;
}

// The name of a static pod without its node's (pkg/kubelet/config/common.go,
// generatePodName). The kubelet may know the node by its full name while /etc/hostname has the
// short one, or the other way round.
std::string_view WithoutNode(std::string_view pod, std::string_view node) {
  const std::string_view host = node.substr(0, node.find('.'));
  if (host.empty()) return pod;
  const std::string ending = "-" + std::string(host);
  const size_t at = pod.rfind(ending);
  if (at == std::string_view::npos || at == 0) return pod;
  const std::string_view rest = pod.substr(at + ending.size());
  return rest.empty() || rest[0] == '.' ? pod.substr(0, at) : pod;
}

bool IsStatic(std::string_view pod_uid) {
  return !pod_uid.empty() && pod_uid.find('-') == std::string_view::npos;
}

}  // namespace

std::string WorkloadOf(std::string_view pod, std::string_view pod_uid, std::string_view node) {
  if (IsStatic(pod_uid)) return std::string(WithoutNode(pod, node));
  const std::string_view last = LastPart(pod);
  if (last.size() == kRandomLength && ConsistsOf(last, kRandomCharacters)) {
    return std::string(OwnerOfGenerated(WithoutLastPart(pod)));
  }
  if (pod.size() == kMaxGeneratedLength) {
    const size_t base = kMaxGeneratedLength - kRandomLength;
    if (ConsistsOf(pod.substr(base), kRandomCharacters)) {
      return std::string(WithoutCutHash(pod.substr(0, base)));
    }
  }
  // A StatefulSet's (pkg/controller/statefulset/stateful_set_utils.go, getPodName).
  if (IsOrdinal(last)) return std::string(WithoutLastPart(pod));
  return std::string(pod);
}

}  // namespace memleak
