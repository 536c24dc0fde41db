#!/usr/bin/python3
"""VictoriaMetrics scrapes three hosts with the shipped configuration, and vmalert judges the shipped rules:
what they record comes back to those that read it, and the alert that compares hosts arrives. Started by
run.sh."""

import contextlib
import json
import pathlib
import signal
import sys
import tempfile

import victoria  # first: it sets the path to the others

import test_examples_sharded as sharded
from server import Failed
from support.examples import SOONER, edit, install
from support.exporter import Exporter
from support.waiting import wait_for

# VictoriaMetrics shows nothing of the last half minute (-search.latencyOffset).
ALERT_SECONDS = 300


def start_hosts(stack, folder):
    """One of three is old and large; their addresses."""
    addresses = []
    for number in range(3):
        exporter = Exporter(*sharded.host(folder / f"host-{number}", 100 if number else 900, 1000 + number),
                            "--process.min-age=0s", listen=[f"127.0.0.{number + 2}:0"])
        stack.callback(exporter.stop)
        addresses.append(sharded.address_of(exporter))
    return addresses


def main():
    with tempfile.TemporaryDirectory(prefix="memleak-vm-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        addresses = start_hosts(stack, folder)
        receiver = sharded.Receiver()
        stack.callback(receiver.close)
        rules = sharded.faster_rules(folder)
        installed = install(folder, rules)
        (installed / "targets" / "production.yml").write_text(json.dumps([{"targets": addresses}]))
        config = edit(installed / "file_sd.yml", SOONER)
        database = victoria.victoria_metrics(
            folder / "database", f"-promscrape.config={config}", "-promscrape.config.strictParse=false")
        stack.callback(database.close)
        judge = victoria.vmalert(folder / "vmalert", database.url, f"http://{receiver.address}", *rules)
        stack.callback(judge.close)
        [alert] = wait_for("the alert", lambda: receiver.told(sharded.OUTLIER)[:1], ALERT_SECONDS)
        assert (alert["instance"], alert["group"]) == ("127.0.0.2", "api"), alert
        print(f"vmalert tells {alert['alertname']} of {alert['instance']}.")


if __name__ == "__main__":
    # Whoever ends this ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except (Failed, AssertionError) as error:
        sys.exit(f"FAILED: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
