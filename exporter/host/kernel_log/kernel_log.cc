#include "exporter/host/kernel_log/kernel_log.h"

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "exporter/host/kernel_log/klog_calls.h"
#include "exporter/host/kernel_log/kmsg_device.h"
#include "exporter/host/kernel_log/kmsg_recording.h"
#include "exporter/host/unique_fd.h"

namespace memleak {
namespace {

// Documentation/admin-guide/devices.txt in the kernel's tree. A container may have another device
// in its place, the null device or a console.
constexpr unsigned int kKmsgMajor = 1;
constexpr unsigned int kKmsgMinor = 11;

bool IsRefusal(int error) { return error == EPERM || error == EACCES; }

}  // namespace

struct KernelLog::Source {
  std::string path;
  bool calls_allowed = false;
  State state = State::kAbsent;
  UniqueFd file;
  std::optional<KmsgDevice> device;
  std::optional<KmsgRecording> recording;
  std::optional<KlogCalls> calls;
  uint64_t denied = 0;

  void Open();
  bool OpenFile();
  bool Read(const std::optional<uint64_t>& kills,
            const std::function<void(const KernelMessage&)>& visit);
};

// True when the path will do; otherwise errno says why not.
bool KernelLog::Source::OpenFile() {
  file = UniqueFd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) return false;
  if (S_ISREG(status.st_mode)) {
    state = State::kRecording;
    if (!recording) recording.emplace();
    return true;
  }
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(kKmsgMajor, kKmsgMinor)) {
    state = State::kDevice;
    if (!device) device.emplace();
    return true;
  }
  file = UniqueFd();
  errno = ENODEV;
  return false;
}

void KernelLog::Source::Open() {
  if (OpenFile()) return;
  state = IsRefusal(errno) ? State::kDenied : State::kAbsent;
  if (!calls_allowed) return;
  if (!calls) calls.emplace(klogctl);
  if (calls->Probe()) {
    state = State::kCalls;
  } else if (IsRefusal(errno)) {
    state = State::kDenied;
  }
}

bool KernelLog::Source::Read(const std::optional<uint64_t>& kills,
                             const std::function<void(const KernelMessage&)>& visit) {
  const auto read_one = [this](char* buffer, size_t size) {
    return read(file.get(), buffer, size);
  };
  switch (state) {
    case State::kDevice:
      return device->Read(read_one, kMaxMessagesPerPass, visit);
    case State::kRecording:
      return recording->Read(file.get(), kMaxMessagesPerPass, visit);
    case State::kCalls:
      return calls->Read(kills, kMaxMessagesPerPass, visit);
    case State::kDenied:
    case State::kAbsent:
      break;
  }
  return false;
}

KernelLog::KernelLog(const std::string& device, bool calls_allowed)
    : source_(std::make_unique<Source>()) {
  source_->path = device;
  source_->calls_allowed = calls_allowed;
  source_->Open();
}

KernelLog::~KernelLog() = default;

bool KernelLog::Read(const std::optional<uint64_t>& kills,
                     const std::function<void(const KernelMessage&)>& visit) {
  if (source_->state == State::kDenied || source_->state == State::kAbsent) source_->Open();
  const bool read = source_->Read(kills, visit);
  if (!read && source_->state != State::kDenied && source_->state != State::kAbsent) {
    source_->state = IsRefusal(errno) ? State::kDenied : State::kAbsent;
    source_->file = UniqueFd();
  }
  if (source_->state == State::kDenied) ++source_->denied;
  return read;
}

KernelLog::State KernelLog::state() const { return source_->state; }

uint64_t KernelLog::lost() const {
  uint64_t lost = 0;
  if (source_->device) lost += source_->device->lost();
  if (source_->recording) lost += source_->recording->lost();
  if (source_->calls) lost += source_->calls->lost();
  return lost;
}

uint64_t KernelLog::denied() const { return source_->denied; }

}  // namespace memleak
