"""The whole program over the fixture trees, compared with hand-written bodies, byte by byte.

Left out is what differs from run to run: the exporter's own process_* families, its build, how long
the collectors took and what was read beside the scrape. The order of the exporter's own samples is its library's matter.
"""

import difflib
import re

import pytest

from support import fixtures, web
from support.exposition import Body

VARIABLE = re.compile(r"process_|memleak_exporter_build_info|memleak_scrape_collector_duration|"
                      r"memleak_scrape_evidence_reads")
OWN = re.compile(r"memleak_scrape_|memleak_slow_reads_|memleak_trend_entities")


def families(text):
    """[(name, lines)] in their order."""
    blocks = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            blocks.append((line.split()[2], []))
        if line != "# EOF":
            blocks[-1][1].append(line)
    return blocks


def comparable(text):
    collectors, own = [], []
    for name, lines in families(text):
        if VARIABLE.match(name):
            continue
        if OWN.match(name):
            own.append(sorted(lines, key=lambda line: (not line.startswith("#"), line)))
        else:
            collectors.append(lines)
    return [line for block in collectors + sorted(own) for line in block]


def scrape_of(start_exporter, name, accept):
    exporter = start_exporter(*fixtures.flags(fixtures.FIXTURES / name), "--scrape.min-interval=0s")
    return exporter.get(headers={"Accept": accept}).text


@pytest.mark.parametrize("name", fixtures.NAMES)
@pytest.mark.parametrize("suffix, accept", [("prom", web.ACCEPT_TEXT),
                                            ("om", web.ACCEPT_OPENMETRICS)])
def test_body_equals_the_golden_file(start_exporter, name, suffix, accept):
    golden = (fixtures.GOLDEN / f"{name}.{suffix}").read_text()
    body = scrape_of(start_exporter, name, accept)
    assert body.endswith("# EOF\n") == (suffix == "om")
    difference = list(difflib.unified_diff(comparable(golden), comparable(body),
                                           f"tests/golden/{name}.{suffix}", "scrape", lineterm=""))
    assert not difference, "\n".join(difference)


@pytest.mark.parametrize("name", fixtures.NAMES)
def test_both_formats_say_the_same(name):
    """The golden files themselves: a slip in one of the two would hide behind the other."""
    text = Body((fixtures.GOLDEN / f"{name}.prom").read_text(), openmetrics=False)
    openmetrics = Body((fixtures.GOLDEN / f"{name}.om").read_text(), openmetrics=True)
    # The strict parser keeps integers as they are, the other one makes doubles of them.
    assert text.samples == {key: float(value) for key, value in openmetrics.samples.items()}


@pytest.mark.parametrize("name", fixtures.NAMES)
def test_a_second_scrape_says_the_same(start_exporter, name):
    exporter = start_exporter(*fixtures.flags(fixtures.FIXTURES / name), "--scrape.min-interval=0s")
    first, second = (exporter.scrape().text for _ in range(2))
    assert comparable(first) == comparable(second)
