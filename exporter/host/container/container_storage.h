// The containers that Podman and CRI-O keep in containers/storage: containers.json and
// volatile-containers.json (containers/storage: containers.go, type Container). Pure; bytes as they
// stand in the file.
#pragma once

#include <functional>
#include <string_view>

namespace memleak {

// Calls `visit(id, name)` for each container, with the first of its names, empty for none. False
// when `text` is not JSON: then some may have been visited.
bool ForEachStoredContainer(std::string_view text,
                            const std::function<void(std::string_view, std::string_view)>& visit);

}  // namespace memleak
