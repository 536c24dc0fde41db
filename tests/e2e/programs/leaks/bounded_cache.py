"""bounded_cache.py REQUESTS_PER_SECOND BYTES ENTRIES: an LRU cache of so many entries, and half as
many keys again. Ends with its standard input."""

import functools
import random
import select
import sys
import time

rate, size, entries = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
random.seed(1)


@functools.lru_cache(maxsize=entries)
def load(key):
    return {"key": key, "body": bytearray(b"x" * size)}


done = 0
start = time.monotonic()
while not select.select([sys.stdin], [], [], 0.05)[0]:
    while done < (time.monotonic() - start) * rate:
        load(random.randrange(entries * 3 // 2))
        done += 1
