// What this process may do beyond other processes of its user (capabilities(7)).
#pragma once

namespace memleak {

// Whether it holds CAP_..., of <linux/capability.h>, in effect. Any thread.
bool HasCapability(unsigned capability);

}  // namespace memleak
