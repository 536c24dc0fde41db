"""The shipped alerts on two seeds of each family of the labelled corpus: no worse than they were, and no
worse than the verdict alone. corpus.sh without --floors prints all figures."""

import os
import pathlib
import shutil
import subprocess

import pytest

import corpus

HERE = pathlib.Path(__file__).resolve().parent
BINARY = pathlib.Path(os.environ.get("MEMLEAK_EXPORTER", HERE.parents[1] / "build/release/memleak_exporter"))


@pytest.mark.long
def test_figures_do_not_fall():
    if not shutil.which("promtool"):
        pytest.skip("no promtool; please install: prometheus (Debian 12) or promtool")
    if not BINARY.exists():
        pytest.skip(f"no {BINARY}; please build it, or set MEMLEAK_EXPORTER")
    done = subprocess.run([HERE / "corpus.sh", "--floors", BINARY], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout


def test_what_a_series_becomes():
    """One sample a minute; what was missed is missing, what the exporter stopped to say is stale."""
    times = [1000, 1060.4, 1180, 1240.2]
    assert corpus.on_grid(times, [1.0, 2.0, float("nan"), 4.0], 1000, 60) == pytest.approx(
        [1.0, 2.0, None, float("nan"), 4.0], nan_ok=True)
    assert corpus.notation([1.0, None, float("nan"), 2.5e12]) == "1 _ stale 2500000000000"


def test_alerts_without_a_verdict():
    """Only what the exporter says of its verdict is taken away; what rules record of raw series stays."""
    expression = 'memleak_group_leak_suspected{job="x"} == 1 or group:memleak_leak_suspected:troughs'
    group = {"name": "leaks", "rules": [{"alert": "Leak", "expr": expression}]}
    assert corpus.without_verdict(group) == {"name": "leaksWithoutVerdict", "rules": [{
        "alert": "LeakWithoutVerdict",
        "expr": 'no_memleak_group_leak_suspected{job="x"} == 1 or group:memleak_leak_suspected:troughs'}]}
    assert group["rules"][0]["expr"] == expression


def test_what_counts_as_told():
    truths = [{"file": "a", "leak": True, "onset": 100, "exhaustion": 7300},
              {"file": "b", "leak": True, "onset": 100, "exhaustion": 7300},
              {"file": "c", "leak": False, "onset": None, "exhaustion": None}]
    alarms = {(corpus.EXHAUSTION, "critical", "a"): [[3700, 5000], [6000, 6100]],
              # Before its onset is no warning of this leak.
              (corpus.EXHAUSTION, "warning", "b"): [[50, 60]],
              (corpus.EXHAUSTION, "warning", "c"): [[50, 60]]}
    figures = corpus.exhaustion_figures(truths, alarms, corpus.VERDICT)
    assert figures["warned"] == {"share": 0.5, "hours": 1.0, "innocents": 1}
    assert figures["paged"] == {"share": 0.5, "hours": 1.0, "innocents": 0}
