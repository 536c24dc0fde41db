"""The configuration file, and flags that override it."""

import json

import pytest

from support.fixtures import FIXTURES, flags

PROC = FIXTURES / "ordinary"

CONFIG = """
# Everything that the tests below look at.
web:
  telemetry-path: /all/metrics
  ui: false
path: {procfs: %(root)s/proc, sysfs: %(root)s/sys, rootfs: %(root)s}
collector:
  process_vm: true
  meminfo: false
process:
  limit: 2
  min-rss: 20MiB
group:
  rules:
    - {name: 'shop', match: 'server\\.js'}
    - name: 'jar-\\1'
      match: '-jar \\S*/(\\w+)\\.jar'
log:
  format: json
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yml"
    path.write_text(CONFIG % {"root": PROC})
    return f"--config.file={path}"


def pids(body):
    return sorted(int(labels["pid"]) for labels, _ in body.find("memleak_process_info"))


def test_file(start_exporter, config):
    exporter = start_exporter(config)
    body = exporter.scrape(path="/all/metrics")
    assert exporter.get("/metrics").status == 404
    assert exporter.get("/").status == 404
    assert pids(body) == [310, 500]
    assert body.labels("memleak_process_info", pid="500")["group"] == "shop"
    assert body.labels("memleak_process_info", pid="310")["group"] == "jar-service"
    assert body.labels("memleak_process_info", pid="310")["user"] == "billing"
    assert body.value("memleak_process_vm_stk_bytes", pid="310") == 132 * 1024
    assert not body.has("memleak_node_memory_total_bytes")


def test_log_as_json(start_exporter, config):
    exporter = start_exporter(config)
    for line in exporter.log().splitlines():
        event = json.loads(line)
        assert set(event) >= {"ts", "level", "msg"}


def test_flags_replace_what_the_file_says(start_exporter, config):
    exporter = start_exporter(config, "--process.limit=3", "--web.ui", "--collector.meminfo",
                              "--no-collector.process_vm", "--web.telemetry-path=/metrics",
                              "--log.format=logfmt")
    body = exporter.scrape()
    assert exporter.get("/").status == 200
    assert pids(body) == [310, 420, 500]
    assert body.has("memleak_node_memory_total_bytes")
    assert not body.has("memleak_process_vm_stk_bytes")


def test_a_list_is_replaced_as_a_whole(start_exporter, config):
    exporter = start_exporter(config, "--group.rule=n=server", "--web.telemetry-path=/metrics")
    body = exporter.scrape()
    assert body.labels("memleak_process_info", pid="500")["group"] == "n"
    assert body.labels("memleak_process_info", pid="310")["group"] == "java:service.jar"


def test_flags_before_and_after_the_file(start_exporter, config):
    exporter = start_exporter("--process.limit=1", config, "--web.telemetry-path=/metrics")
    assert pids(exporter.scrape()) == [310]


def test_listen_addresses_from_the_file(start_exporter, tmp_path):
    path = tmp_path / "config.yml"
    path.write_text('web: {listen-address: ["127.0.0.1:0", "localhost:0"]}\n')
    exporter = start_exporter(f"--config.file={path}", listen=(), urls=2)
    assert len({exporter.get(url=url).status for url in exporter.urls}) == 1


def test_empty_file(start_exporter, tmp_path):
    path = tmp_path / "config.yml"
    path.write_text("# nothing yet\n")
    start_exporter(f"--config.file={path}", *flags(PROC))


def test_only_the_named_collectors(start_exporter):
    exporter = start_exporter("--collector.disable-defaults", "--collector.group", *flags(PROC))
    body = exporter.scrape()
    assert body.has("memleak_group_processes", group="nginx")
    assert not body.has("memleak_process_info")
    assert not body.has("memleak_node_memory_total_bytes")
    assert [labels["collector"] for labels, _ in
            body.find("memleak_scrape_collector_success")] == ["group"]


def test_a_collector_less(start_exporter):
    body = start_exporter("--no-collector.group", *flags(PROC)).scrape()
    assert body.has("memleak_process_info", pid="310", group="java:service.jar")
    assert not any(name.startswith("memleak_group_") for name in body.families)


def test_no_collectors_at_all(start_exporter):
    """What is left is the exporter's own."""
    body = start_exporter("--collector.disable-defaults", *flags(PROC)).scrape()
    assert body.has("memleak_exporter_build_info")
    assert not any(name.startswith(("memleak_process_", "memleak_group_", "memleak_node_"))
                   for name in body.families)
