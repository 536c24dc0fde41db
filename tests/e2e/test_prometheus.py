"""Those who read /metrics: promtool, the strict parsers, and a real Prometheus."""

import subprocess

import pytest

from support import fixtures, web
from support.exporter import EXPORT_ALL
from support.prometheus import AcceptProxy, Prometheus
from support.requirements import need_tool
from support.waiting import wait_for


def promtool_says(body):
    result = subprocess.run([need_tool("promtool"), "check", "metrics"], input=body,
                            capture_output=True, timeout=60)
    return result.returncode, (result.stdout + result.stderr).decode()


def test_promtool_on_a_default_run(start_exporter):
    """No error, and none of its lint warnings."""
    assert promtool_says(start_exporter().get().body) == (0, "")


def test_promtool_with_everything_exported(start_exporter):
    exporter = start_exporter(*EXPORT_ALL, "--collector.process_vm")
    assert promtool_says(exporter.get().body) == (0, "")


@pytest.mark.parametrize("name", fixtures.NAMES)
def test_promtool_on_fixture_trees(start_exporter, name):
    exporter = start_exporter(*fixtures.flags(fixtures.FIXTURES / name), "--collector.process_vm")
    assert promtool_says(exporter.get().body) == (0, "")


@pytest.mark.parametrize("flags", [(), EXPORT_ALL], ids=["default", "everything"])
def test_strict_parsers_on_this_host(start_exporter, flags):
    """Both formats, and the same series in both but for what comes and goes."""
    exporter = start_exporter(*flags)
    openmetrics, text = exporter.scrape(openmetrics=True), exporter.scrape(openmetrics=False)
    stable = ("memleak_node_memory_total_bytes", "memleak_exporter_build_info",
              "memleak_scrape_collector_success")
    for name in stable:
        assert openmetrics.find(name) == text.find(name) != []


@pytest.mark.parametrize("name", fixtures.NAMES)
@pytest.mark.parametrize("openmetrics", [True, False], ids=["openmetrics", "text"])
def test_strict_parsers_on_fixture_trees(start_exporter, name, openmetrics):
    exporter = start_exporter(*fixtures.flags(fixtures.FIXTURES / name), "--collector.process_vm",
                              "--process.min-rss=0", "--process.min-age=0s")
    body = exporter.scrape(openmetrics=openmetrics)
    assert body.has("memleak_process_vm_peak_bytes")
    for family in body.families.values():
        assert family.documentation, family.name
        if openmetrics and family.unit:
            assert family.name.endswith("_" + family.unit)


def test_a_default_run_stays_small(start_exporter):
    """Cardinality is bounded by default."""
    assert len(start_exporter().scrape().samples) < 5000


@pytest.fixture
def prometheus_of(tmp_path):
    closers = []

    def start(url):
        # Looked for before the proxies start: a skip leaves nothing behind.
        binary = need_tool("prometheus")
        proxies = {}
        for job, accept in (("openmetrics", None), ("text", web.ACCEPT_TEXT)):
            proxies[job] = AcceptProxy(url, accept)
            closers.append(proxies[job].close)
        prometheus = Prometheus(binary, tmp_path,
                                {job: proxy.address for job, proxy in proxies.items()})
        closers.append(prometheus.close)
        return prometheus, proxies

    yield start
    for close in reversed(closers):
        close()


def test_prometheus_scrapes_both_formats(start_exporter, start_actor, tmp_path, prometheus_of):
    actor = start_actor()
    actor.tell("alloc", 50 << 20)
    actor.tell("touch")
    # A name that must survive exposition, parsing and a query.
    actor.set_name(b'"q" \\ {x}=1\n#')
    exporter = start_exporter("--process.min-age=0s", "--process.limit=500")
    pid = str(actor.pid)
    exporter.scrape_until("the actor", lambda body: body.of_pid(pid))
    prometheus, proxies = prometheus_of(exporter.url)

    both = {"openmetrics": 1, "text": 1}
    wait_for("up == 1 for both jobs", lambda: {
        labels["job"]: value for labels, value in prometheus.query("up")} == both)
    found = wait_for("the actor's samples", lambda: prometheus.query(
        f'memleak_process_resident_memory_bytes{{pid="{pid}"}}'))
    assert {labels["job"] for labels, _ in found} == set(both)
    assert proxies["openmetrics"].content_types == {"application/openmetrics-text"}
    assert proxies["text"].content_types == {"text/plain"}

    body = exporter.scrape()
    for labels, value in found:
        assert value == body.value("memleak_process_resident_memory_bytes", pid=pid)
        assert labels["comm"] == '"q" \\ {x}=1\n#'
        assert labels["group"] == "actor"
    # Nothing was dropped as a duplicate or out of order, and counters have their names.
    for job in both:
        scraped, stored = (prometheus.query(f'scrape_samples_{what}{{job="{job}"}}')[0][1]
                           for what in ("scraped", "post_metric_relabeling"))
        assert scraped == stored > 20
        cpu = prometheus.query(f'memleak_process_cpu_seconds_total{{job="{job}",pid="{pid}"}}')
        assert cpu[0][1] == body.value("memleak_process_cpu_seconds_total", pid=pid)
    log = prometheus.log()
    assert "duplicate" not in log.lower() and "out-of-order" not in log.lower(), log
