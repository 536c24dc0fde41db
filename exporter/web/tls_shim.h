// What lets Debian's civetweb find OpenSSL 3: two libraries of our own (tls_shim/), loaded before
// civetweb asks for them by their sonames.
//
// They are loaded when TLS is wanted, and not linked: without TLS the program needs no file but
// itself.
#pragma once

namespace memleak {

// Loads both from the folder lib/memleak_exporter beside the program, or beside the folder that the
// program is in; once loaded they stay. Throws StartupError with one line.
void LoadTlsShim();

}  // namespace memleak
