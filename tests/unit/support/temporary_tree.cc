#include "tests/unit/support/temporary_tree.h"

#include <stdlib.h>

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace memleak {

namespace fs = std::filesystem;

TemporaryTree::TemporaryTree() {
  std::string name = (fs::temp_directory_path() / "memleak-tree-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  root_ = name;
}

TemporaryTree::~TemporaryTree() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void TemporaryTree::Write(const fs::path& relative, std::string_view text) {
  const fs::path path = root_ / relative;
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void TemporaryTree::Link(const fs::path& relative, const std::string& target) {
  const fs::path path = root_ / relative;
  fs::create_directories(path.parent_path());
  fs::create_symlink(target, path);
}

void TemporaryTree::MakeFolder(const fs::path& relative) {
  fs::create_directories(root_ / relative);
}

void TemporaryTree::Remove(const fs::path& relative) { fs::remove_all(root_ / relative); }

}  // namespace memleak
