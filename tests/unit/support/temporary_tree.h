// A temporary folder that a test fills with files, links and folders; gone with the object.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace memleak {

class TemporaryTree {
 public:
  TemporaryTree();
  ~TemporaryTree();
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;

  std::string path() const { return root_.string(); }

  // `relative` to the folder; what lies between is made.
  void Write(const std::filesystem::path& relative, std::string_view text);
  void Link(const std::filesystem::path& relative, const std::string& target);
  void MakeFolder(const std::filesystem::path& relative);
  void Remove(const std::filesystem::path& relative);

 private:
  std::filesystem::path root_;
};

}  // namespace memleak
