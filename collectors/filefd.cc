#include "collectors/filefd.h"

#include <stdexcept>

namespace memleak {
namespace {

constexpr Family kOpen = {"memleak_node_open_files", MetricType::kGauge, "",
                          "Open files of the whole node; those that processes share count once."};
constexpr Family kMax = {"memleak_node_max_open_files", MetricType::kGauge, "",
                         "fs.file-max: more cannot be open; about 9.2e18 where nobody set it."};

class FilefdCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.file_nr) throw std::runtime_error("sys/fs/file-nr cannot be read");
    writer.Begin(kOpen);
    writer.Sample({}, snapshot.node.file_nr->open);
    writer.Begin(kMax);
    writer.Sample({}, snapshot.node.file_nr->max);
  }
};

}  // namespace

std::unique_ptr<Collector> MakeFilefdCollector() { return std::make_unique<FilefdCollector>(); }

}  // namespace memleak
