// Why a verdict is what it is, in short sentences for people.
//
// What is not known is not said. Sentences begin in lower case and end without a period.
#pragma once

#include <string>
#include <vector>

#include "exporter/trend/trend.h"
#include "exporter/trend/verdict.h"

namespace memleak {

// The most telling first; at least one.
std::vector<std::string> Reasons(const Verdict& verdict, Quantity quantity);

// "grew from 310 MiB to 622 MiB in 14.2 h"; empty where nothing was measured.
std::string GrowthReason(const Verdict& verdict, Quantity quantity);

}  // namespace memleak
