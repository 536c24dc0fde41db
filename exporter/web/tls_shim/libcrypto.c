/* A library with the soname libcrypto.so that stands for libcrypto.so.3; see libssl.c. It has
 * nothing of its own, but C wants a declaration. */

typedef int memleak_nothing;
