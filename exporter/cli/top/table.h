// A list as a table: which columns fit, and what each says of a row.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/documents.h"
#include "exporter/cli/top/frame.h"
#include "exporter/cli/top/listing.h"

namespace memleak {

struct TableWidth {
  size_t cells = 80;      // what columns are chosen for
  bool cut_names = true;  // false: names, which come last, are as long as they are
};

// The column that the table is sorted by is always there.
TextLine HeadingLine(const Listing& listing, TableWidth width);
TextLine RowLine(const Row& row, const Listing& listing, TableWidth width, Charset charset);

// How a row is called: "java shop/checkout/app". Not yet harmless.
std::string NameOf(View view, const Row& row);
// What is thought of it: "LEAK", "FD LEAK", "RUNS OUT", "growing"; "in 12m" while nothing can be
// said.
std::string VerdictOf(const Row& row);

}  // namespace memleak
