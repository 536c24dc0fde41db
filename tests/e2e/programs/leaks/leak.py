"""leak.py REQUESTS_PER_SECOND BYTES: a list that only grows. Ends with its standard input."""

import select
import sys
import time

rate, size = float(sys.argv[1]), int(sys.argv[2])
seen = []
start = time.monotonic()
while not select.select([sys.stdin], [], [], 0.05)[0]:
    while len(seen) < (time.monotonic() - start) * rate:
        seen.append({"request": len(seen), "body": bytearray(b"x" * size)})
