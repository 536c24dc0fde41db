"""Prints what `memleak_exporter analyze` says of each CSV in a folder: see real.sh."""

import csv
import glob
import json
import os
import subprocess
import sys

HOUR = 3600
MIB = 1 << 20
INTERVALS_SHOWN = 4


def duration(seconds):
    if seconds is None:
        return "-"
    for unit, size in (("d", 86400), ("h", HOUR), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.0f} s"


def read(path):
    """First and last time, and the label where there is one."""
    with open(path, encoding="utf-8", newline="") as lines:
        first = last = None
        for row in csv.DictReader(lines):
            first, last = first or row, row
    if first is None:
        return None, None, None
    return first["timestamp"], last["timestamp"], first.get("label")


def seconds(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def against(label, suspected, state):
    """How the verdict compares with what people said of the recording."""
    if state == "unknown":
        return "too short"
    if label == "1":
        return "found" if suspected else "MISSED"
    if label == "0":
        return "FALSE ALARM" if suspected else "quiet"
    return "arguable" if label == "-1" else ""


def line(path, summary):
    start, end, label = read(path)
    start, end = seconds(start), seconds(end)
    span = end - start if start is not None and end is not None else None
    # Hours since the first sample, where the times are Unix seconds.
    zero = start or 0
    suspected = summary["suspected"]
    intervals = " ".join(f"{(a - zero) / HOUR:.1f}-{(b - zero) / HOUR:.1f}"
                         for a, b in suspected[:INTERVALS_SHOWN])
    if len(suspected) > INTERVALS_SHOWN:
        intervals += f" and {len(suspected) - INTERVALS_SHOWN} more"
    growth = summary["growth_bytes_per_second"]
    return [
        os.path.basename(path), duration(span),
        summary["state"] + (f" ({summary['confidence']})" if summary["confidence"] else ""),
        summary["pattern"],
        intervals or "never",
        "-" if growth is None else f"{growth * HOUR / MIB:.2f}",
        duration(summary["exhaustion_seconds"]), against(label, suspected, summary["state"]),
    ]


def main():
    binary, folder = sys.argv[1:]
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "**", "*.csv"), recursive=True))
    if not paths:
        sys.exit(f"real.sh: no CSV files in {folder}")
    rows = [["file", "span", "state", "pattern", "suspected, hours", "MiB/h", "full in", "label"]]
    failed = False
    reasons = []
    for path in paths:
        done = subprocess.run([binary, "analyze", "--format", "json", path], capture_output=True,
                              text=True, check=False)
        if done.returncode not in (0, 3):
            print(f"real.sh: {done.stderr.strip() or path}", file=sys.stderr)
            failed = True
            continue
        summary = json.loads(done.stdout.splitlines()[-1])
        rows.append(line(path, summary))
        reasons.append((os.path.basename(path), summary["reasons"]))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()
    for name, why in reasons:
        print(f"{name}: {'; '.join(why)}")
    verdicts = [row[-1] for row in rows[1:]]
    alarmed = sum(row[4] != "never" for row in rows[1:])
    print(f"\n{len(verdicts)} series, {alarmed} ever suspected; by their labels "
          f"{verdicts.count('found')} found, {verdicts.count('MISSED')} missed, "
          f"{verdicts.count('quiet')} quiet, {verdicts.count('FALSE ALARM')} false alarms, "
          f"{verdicts.count('too short')} too short")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
