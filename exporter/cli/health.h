// `memleak_exporter health`: what a probe runs where it has no HTTP client, as in the container
// image.
#pragma once

#include "exporter/config/health_options.h"

namespace memleak {

// Prints one line. The exit code: 0 healthy, 1 not. Throws UsageError for a URL that is none,
// std::exception with one line where nobody answers.
int Health(const HealthOptions& options);

}  // namespace memleak
