"""How many series an exporter has for one node: an ordinary one, one whose caps are all full, and what
flags and scrape parameters leave of the former. The nodes are trees of files, so that it is the same
everywhere; what is ordinary is in tests/e2e/support/node_of_pods.py."""

import pathlib
import re
import shutil
import urllib.parse

import test_node_of_pods as nodes
import yaml
from support.exporter import REPOSITORY, Exporter
from support.node_of_pods import MIB, NodeOfPods, ordinary_node
from support.waiting import wait_for

# Every trend has its verdict by then.
MINUTES = 40
FEWER = REPOSITORY / "deploy" / "prometheus" / "fewer_series.yml"
# What a site might do with.
FLAGS = ("--process.limit=20", "--process.limit=10", "--cgroup.limit=60")


class Exporters:
    """Over a node whose clock stands still but for us; each is ended before the next one starts."""

    def __init__(self, node):
        self.node = node
        self.running = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def _end(self):
        if self.running:
            self.running.stop()
        self.running = None

    def settled(self, *flags, minutes=MINUTES, each_minute=lambda: None):
        """One that has watched the node for so long."""
        self._end()
        self.running = exporter = Exporter(*self.node.flags, *nodes.TIMELESS, *flags)
        exporter.scrape_until("all names", lambda body: body.value(
            "memleak_scrape_processes", result="pending") == 0)
        for _ in range(minutes):
            self.node.pass_time(60)
            each_minute()
            exporter.get()
        return exporter


def collectors(body):
    return sorted(labels["collector"] for labels, _ in body.find("memleak_scrape_collector_success"))


def scraped(exporter, **parameters):
    """The number of series of a scrape with these parameters."""
    query = urllib.parse.urlencode({f"{name}[]": value for name, value in parameters.items()}, doseq=True)
    return len(exporter.scrape(path="/metrics?" + query).samples)


def relabelled(names, job):
    """Those names that the metric_relabel_configs of a job leave: they keep or drop by name."""
    for rule in job.get("metric_relabel_configs", []):
        assert rule["source_labels"] == ["__name__"] and rule["action"] in ("keep", "drop"), rule
        regex = re.compile(rule["regex"])
        names = [name for name in names if bool(regex.fullmatch(name)) == (rule["action"] == "keep")]
    return names


def shipped_jobs():
    """{name: the job} of fewer_series.yml."""
    return {job["job_name"]: job for job in yaml.safe_load(FEWER.read_text())["scrape_configs"]}


def path_of(job):
    """Of what a job scrapes."""
    return "/metrics?" + urllib.parse.urlencode(job.get("params", {}), doseq=True)


def of_job(exporter, job):
    return len(relabelled([name for name, _ in exporter.scrape(path=path_of(job)).samples], job))


def ordinary(folder, flags=FLAGS):
    """{"processes": how many it has, "all": series, and how many are left: "jobs": of each job of
    fewer_series.yml, "collectors": without each, "flags": with each}"""
    node = ordinary_node(pathlib.Path(folder) / "ordinary")
    with Exporters(node) as exporters:
        exporter = exporters.settled()
        body = exporter.scrape()
        return {
            "processes": sum(map(len, node.pids_of.values())),
            "all": len(body.samples),
            "collectors": {name: scraped(exporter, exclude=name) for name in collectors(body)},
            "jobs": {name: of_job(exporter, job) for name, job in shipped_jobs().items()},
            "flags": {flag: len(exporters.settled(flag).scrape().samples) for flag in flags},
        }


def full(folder):
    """Of a node that has more of everything than is shown; nothing leaks."""
    node = NodeOfPods(pathlib.Path(folder) / "full")
    nodes.fill_caps(node)
    with Exporters(node) as exporters:
        body = exporters.settled().scrape()
        nodes.check_caps(body)
        return len(body.samples)


def most(folder):
    """And everything that is shown is a suspect with all evidence, and as many OOM kills as are told."""
    folder = pathlib.Path(folder)
    node = NodeOfPods(folder / "suspects")
    nodes.fill_caps(node, pods=60, units=70, java=True)
    jvm = folder / "jvm"
    shutil.copyfile(nodes.JVM, jvm)
    node.add_evidence(jvm, nodes.SMAPS)
    node.write_kernel_log(nodes.kills_of(node))
    with Exporters(node) as exporters:
        exporter = exporters.settled(each_minute=lambda: node.grow(12 * MIB))

        def complete():
            body = exporter.scrape()
            evidence = body.find("memleak_process_proportional_memory_bytes")
            return body if len(evidence) == len(body.find("memleak_process_info")) else None

        body = wait_for("the evidence about all", complete)
        nodes.check_caps(body)
        return len(body.samples)
