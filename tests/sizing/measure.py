#!/usr/bin/python3
"""Prints the tables of deploy/scaling.md; started by run.sh. README.md says how it is measured."""

import argparse
import pathlib
import signal
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import series  # noqa: E402  (the path is set here)
import storage  # noqa: E402

FLEETS = (100, 1_000, 5_000)
INTERVALS = (15, 30, 60)
# What the table of memory and disk is for.
INTERVAL = 30
DAYS = 15
# Collectors that save less than this share are not told.
WORTH = 0.05


def progress(text=""):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}"[:150])
        sys.stderr.flush()


def table(header, rows):
    print("\n| " + " | ".join(header) + " |")
    print("|---" * len(header) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def hundreds(number):
    return f"{round(number, -2):,.0f}"


def of_a_node(folder):
    """Prints the tables of a node's series; returns how many an ordinary one has."""
    progress("an ordinary node")
    ordinary = series.ordinary(folder)
    progress("a node with all caps full")
    full = series.full(folder)
    progress("a node with all caps full of suspects")
    most = series.most(folder)
    progress()
    table(("a node", "series"), (
        (f"with 110 pods and {ordinary['processes']} processes, none growing", hundreds(ordinary["all"])),
        ("with more of everything than is shown, none growing", hundreds(full)),
        ("the same, everything that is shown suspected, with evidence and OOM kills", hundreds(most))))
    everything = ordinary["all"]
    table(("what is left out", "series left", "saves"), (
        (what, hundreds(left), f"{1 - left / everything:.0%}") for what, left in (
            *((f"job `{name}` of `fewer_series.yml`", left) for name, left in ordinary["jobs"].items()),
            *((f"collector `{name}`", left) for name, left in ordinary["collectors"].items()
              if left < (1 - WORTH) * everything),
            *((f"`{flag}`", left) for flag, left in ordinary["flags"].items()))))
    return everything


def of_a_server(folder, scraped, nodes):
    progress("rules")
    recorded = storage.recorded(folder, progress)
    stored = storage.stored(folder, nodes, progress)
    progress()
    per_node = scraped + recorded.series
    print(f"\nRules record {hundreds(recorded.series)} series of a node, {recorded.samples_per_second:.0f} "
          f"samples a second.\n{stored.series:,} series in Prometheus' head take "
          f"{stored.bytes_per_series / 1024:.1f} KiB of memory each; a sample takes "
          f"{stored.bytes_per_sample:.1f} bytes in a block.")

    def rate(fleet, interval):
        return fleet * (scraped / interval + recorded.samples_per_second)

    table(("nodes", "series", *(f"samples/s at {interval} s" for interval in INTERVALS), "memory",
           f"disk for {DAYS} days at {INTERVAL} s"), (
        (f"{fleet:,}", f"{fleet * per_node / 1e6:.1f} million",
         *(f"{rate(fleet, interval) / 1e3:,.0f} k" for interval in INTERVALS),
         f"{fleet * per_node * stored.bytes_per_series / 2**30:,.0f} GiB",
         f"{rate(fleet, INTERVAL) * 86400 * DAYS * stored.bytes_per_sample / 2**30:,.0f} GiB")
        for fleet in FLEETS))


def main():
    parser = argparse.ArgumentParser(prog="tests/sizing/run.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--series", action="store_true", help="only what an exporter says of a node")
    parser.add_argument("--nodes", type=int, default=40,
                        help="in the Prometheus that is weighed (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memleak-sizing-") as folder:
        folder = pathlib.Path(folder)
        scraped = of_a_node(folder)
        if not options.series:
            of_a_server(folder, scraped, options.nodes)


if __name__ == "__main__":
    # Whoever ends this ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except (storage.Failed, storage.remote_write.Refused, AssertionError) as error:
        progress()
        sys.exit(f"FAILED sizing: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
