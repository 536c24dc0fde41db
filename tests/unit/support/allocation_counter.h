// Counts what this thread takes from operator new, to prove that a path allocates nothing. A binary
// that links allocation_counter.cc has its global operator new replaced.
#pragma once

#include <cstddef>

namespace memleak {

// Calls of operator new by this thread since it started.
size_t AllocationsOfThisThread();

}  // namespace memleak
