#!/usr/bin/env python3
"""How long a steady leak takes to be suspected, for the page while nobody is (none_yet.js).

  tests/browser/speeds.py [MEMLEAK_EXPORTER]

prints a line of its table for each speed: a program of 300 MiB, otherwise quiet (a noise of 0.2 %), leaks
from its start on and has a limit so much above it. Nothing is known of its load. Slots are a minute.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

MIB = 1 << 20
GIB = 1 << 30
SIZE = 300 * MIB
SLOT = 60
START = 1_700_000_000
PER_HOUR = (1 * GIB, 256 * MIB, 64 * MIB, 16 * MIB, 4 * MIB, 1 * MIB)
ROOMS = (2 * GIB, 16 * GIB)
SLOTS = 14 * 24 * 60


def slots_until_suspected(binary, per_hour, room):
    """None where it ended before, or was not found within two weeks."""
    noise = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "leak.csv")
        with open(file, "w") as out:
            print("timestamp,value,limit", file=out)
            for slot in range(SLOTS):
                leaked = per_hour * slot * SLOT / 3600
                if leaked > room:
                    break
                value = SIZE + leaked + SIZE * 0.002 * noise.random()
                print(f"{START + slot * SLOT},{value:.0f},{SIZE + room}", file=out)
        done = subprocess.run([binary, "analyze", "--format=json", file], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    found = json.loads(done.stdout)["first_suspected"]
    return None if found is None else round((found - START) / SLOT)


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else "build/release/memleak_exporter"
    for per_hour in PER_HOUR:
        near, far = (slots_until_suspected(binary, per_hour, room) for room in ROOMS)
        print(f"  {{perSlot: {round(per_hour * SLOT / 3600)}, near: {near}, far: {far}}},")


if __name__ == "__main__":
    main()
