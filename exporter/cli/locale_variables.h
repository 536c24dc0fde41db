// What the environment says of the terminal's characters.
#pragma once

namespace memleak {

// Whether the locale's variables name UTF-8; the first that is set counts. Call while no other
// thread changes the environment.
bool LocaleVariablesSayUtf8();

}  // namespace memleak
