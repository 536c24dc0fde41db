"""deploy/alertmanager, with a real Alertmanager: who hears of what, what is not told twice, and how it
reads. What the alerts themselves are is tested elsewhere: here a test sends them."""

import datetime
import itertools

import pytest
import yaml

from support.alertmanager import SHIPPED, Alertmanager, Receiver, amtool, render
from support.exporter import REPOSITORY
from support.programs import unique
from support.waiting import wait_for

pytestmark = pytest.mark.once

CONFIGURATION = SHIPPED / "alertmanager.yml"
ALERTS = REPOSITORY / "dashboards" / "prometheus" / "memleak_alerts.yaml"

PLAIN = {"group": "checkout"}
KUBERNETES = {"group": "shop/checkout/app", "namespace": "shop", "container": "app"}
BOTH = pytest.mark.parametrize("group", [PLAIN, KUBERNETES], ids=["plain", "Kubernetes"])


def rules():
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alert(name, severity, *labels, instance="node-1"):
    together = {"alertname": name, "severity": severity, "job": "memleak", "instance": instance}
    for more in labels:
        together |= more
    return together


def test_amtool_accepts_it():
    result = amtool("check-config", CONFIGURATION)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    assert " - 1 templates\n" in said and "memleak.tmpl" not in result.stderr, said


def test_every_name_in_it_is_an_alert():
    """A typing error in a matcher matches nothing, and nobody says so."""
    names = {rule["alert"] for rule in rules()}
    config = yaml.safe_load(CONFIGURATION.read_text())

    def matchers(part):
        if isinstance(part, dict):
            for key, value in part.items():
                if key.endswith("matchers"):
                    yield from value
                else:
                    yield from matchers(value)
        elif isinstance(part, list):
            for each in part:
                yield from matchers(each)

    found = set()
    for matcher in matchers(config):
        label, _, value = matcher.partition("=")
        if label != "alertname" or value == '~"Memleak.+"':
            continue
        head, _, alternatives = value.strip('~"').partition("(")
        middle, _, tail = alternatives.partition(")")
        found |= {head + each + tail for each in middle.split("|")}
    assert len(found) > 10
    assert found <= names


RECEIVERS = {"critical": "pager", "warning": "chat", "info": "nobody"}


@pytest.mark.parametrize("name, severity", sorted(
    {(rule["alert"], rule["labels"]["severity"]) for rule in rules()}))
def test_routes(name, severity):
    for labels in ({}, PLAIN, KUBERNETES):
        words = [f"{key}={value}" for key, value in alert(name, severity, labels).items()]
        result = amtool("config", "routes", "test", f"--config.file={CONFIGURATION}",
                        f"--verify.receivers={RECEIVERS[severity]}", *words)
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def alertmanager(receiver, tmp_path_factory):
    """Its waits are a hundred times shorter: seconds instead of minutes."""
    alertmanager = Alertmanager(tmp_path_factory.mktemp("am") / "alertmanager", receiver, 1 / 100)
    yield alertmanager
    log = alertmanager.log()
    alertmanager.close()
    assert not any(word in log for word in ("level=error", "level=ERROR", "level=warn",
                                            "level=WARN")), log


CLUSTERS = itertools.count()


@pytest.fixture
def cluster():
    """All tests share one Alertmanager, each in a cluster of its own: what happens in one is nothing
    to another."""
    return {"cluster": unique(f"cluster-{next(CLUSTERS)}")}


def now(seconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.isoformat()


def sent(labels, ends_in=600, summary="Memory climbs."):
    """As a Prometheus sends it: firing for as long as it would take to say so again. Alertmanager does
    not wait for others to join one that began long ago."""
    return {"labels": labels, "startsAt": now(), "endsAt": now(ends_in), "annotations": {
        "summary": summary, "description": "Something.", "runbook_url": "https://runbooks/it"}}


# Inhibition. {source: (what it silences, what it does not)}, all of them functions of the group's
# labels. The process and the container have labels that the group has not.

def process(group):
    return alert("MemleakProcessLeakSuspected", "info", group,
                 {"pid": "4711", "comm": "server"},
                 {"pod": "checkout-7d9-x2x"} if "container" in group else {})


def container(group):
    return alert("MemleakContainerLeakSuspected", "info", group,
                 {"cgroup": "/kubepods/x", "kind": "container", "pod": "checkout-7d9-x2x"})


def of_group(name, severity="warning", **more):
    return lambda group: alert(name, severity, group, **more)


def of_node(name, severity="warning", **more):
    return lambda _: alert(name, severity, **more)


def of_other_group(name, severity="warning"):
    return lambda group: alert(name, severity, group, {"group": "other"})


def exhausted(severity, limit, **more):
    return lambda group: alert("MemleakGroupExhaustionPredicted", severity, group, {"limit": limit}, **more)


def in_docker(group):
    """Outside Kubernetes a group does not have the labels of the container that its process has."""
    return process(group) | {"container": group.get("container", "web")}


INHIBITIONS = {
    "a page of a group": (
        exhausted("critical", "node"),
        [exhausted("warning", "node"), of_group("MemleakGroupLeakSuspected"),
         process, container, in_docker,
         of_node("MemleakNodeExhaustionPredicted", "critical"),
         of_node("MemleakNodeExhaustionPredicted"),
         of_node("MemleakNodeMemoryLow", "critical"), of_node("MemleakNodeMemoryLow")],
        [of_group("MemleakGroupLeakSuspected", instance="node-2"),
         of_other_group("MemleakGroupLeakSuspected"),
         exhausted("warning", "node", instance="node-3"),
         of_group("MemleakDescriptorLeakSuspected"),
         of_group("MemleakGroupSharedMemoryLeakSuspected"), of_group("MemleakOomKill"),
         of_node("MemleakNodeSwapClimbing"), of_node("MemleakNodeMemoryPressure", "critical"),
         of_node("MemleakNodeMemoryLow", "critical", instance="node-2")]),
    "a page of a group with a limit of its own": (
        exhausted("critical", "cgroup"),
        [exhausted("warning", "cgroup"), exhausted("warning", "node"),
         of_group("MemleakGroupLeakSuspected"), process, container],
        [of_node("MemleakNodeExhaustionPredicted", "critical"),
         of_node("MemleakNodeMemoryLow", "critical")]),
    "a warning of a group": (
        exhausted("warning", "node"),
        [of_group("MemleakGroupLeakSuspected"), process, container,
         of_node("MemleakNodeExhaustionPredicted"), of_node("MemleakNodeMemoryLow")],
        [exhausted("critical", "node", instance="node-2"),
         of_node("MemleakNodeExhaustionPredicted", "critical"),
         of_node("MemleakNodeMemoryLow", "critical")]),
    "a leak": (
        of_group("MemleakGroupLeakSuspected"),
        [process, container, in_docker],
        [lambda group: process(group) | {"group": "other"},
         lambda group: process(group) | {"instance": "node-2"},
         of_group("MemleakSiblingOutlier"), of_node("MemleakNodeMemoryLow"),
         of_node("MemleakNodeExhaustionPredicted")]),
    "descriptors": (
        of_group("MemleakDescriptorExhaustionPredicted", "critical"),
        [of_group("MemleakDescriptorExhaustionPredicted"),
         of_group("MemleakDescriptorLeakSuspected")],
        [of_group("MemleakGroupLeakSuspected"), of_other_group("MemleakDescriptorLeakSuspected")]),
    "shared memory": (
        of_group("MemleakGroupSharedMemoryLeakSuspected"),
        [of_node("MemleakNodeSharedMemoryLeakSuspected")],
        [of_node("MemleakNodeSharedMemoryLeakSuspected", instance="node-2"),
         of_group("MemleakGroupLeakSuspected")]),
    "kills": (
        of_group("MemleakOomKillsRepeated", "critical"),
        [of_group("MemleakOomKill")],
        [of_other_group("MemleakOomKill"), of_node("MemleakOomKill"),
         of_group("MemleakOomKill", instance="node-2")]),
    "a node": (
        of_node("MemleakNodeMemoryLow", "critical"),
        [of_node("MemleakNodeMemoryLow")],
        [of_node("MemleakNodeMemoryLow", instance="node-2"), of_group("MemleakGroupLeakSuspected"),
         of_node("MemleakNodeExhaustionPredicted")]),
}


def states(alertmanager, cluster):
    return {frozenset(labels.items()): state for labels, state in alertmanager.alerts()
            if labels.items() >= cluster.items()}


@BOTH
@pytest.mark.parametrize("name", INHIBITIONS)
def test_inhibition(alertmanager, receiver, cluster, name, group):
    source, silenced, told = INHIBITIONS[name]
    source = source(group) | cluster
    silenced, told = ([make(group) | cluster for make in part] for part in (silenced, told))
    alertmanager.post(*map(sent, [source, *silenced, *told]))

    def state_of(labels):
        return states(alertmanager, cluster).get(frozenset(labels.items()))

    # The source is known for what it is when it silences anything at all.
    for labels in silenced:
        wait_for(f"silence of {labels}", lambda: state_of(labels) == "suppressed")
    for labels in [source, *told]:
        assert state_of(labels) == "active", labels

    # Nobody hears of what is silenced, and of all else who is to hear it.
    heard = [labels for labels in [source, *told] if labels["severity"] != "info"]

    def notified():
        return [labels for one in receiver.notifications("/webhook") for labels in one.alerts()
                if labels["cluster"] == cluster["cluster"]]

    wait_for("the notifications", lambda: all(labels in notified() for labels in heard))
    assert not [labels for labels in notified() if labels in silenced]


def test_what_was_silenced_is_told_when_its_cause_is_over(alertmanager, receiver, cluster):
    page = exhausted("critical", "node")(PLAIN) | cluster
    low = alert("MemleakNodeMemoryLow", "critical", cluster)
    alertmanager.post(sent(page), sent(low))

    def notified():
        return [one for one in receiver.notifications("/webhook/pager") if low in one.alerts()]

    wait_for("silence", lambda: states(alertmanager, cluster).get(
        frozenset(low.items())) == "suppressed")
    assert not notified()
    alertmanager.post(sent(page, ends_in=0))
    wait_for("the notification", notified)


@pytest.fixture
def in_groups(alertmanager, receiver, cluster):
    """Sends alerts, and waits until all were told; returns the alerts of each notification."""
    def send(alerts, to):
        alerts = [labels | cluster for labels in alerts]
        alertmanager.post(*map(sent, alerts))

        def notifications():
            return [one.alerts() for one in receiver.notifications(f"/webhook/{to}")
                    if one.said["groupLabels"]["cluster"] == cluster["cluster"]]

        wait_for("all alerts", lambda: len(sum(notifications(), [])) >= len(alerts))
        told = [frozenset(frozenset(labels.items() - cluster.items()) for labels in one)
                for one in notifications()]
        assert len(set(told)) == len(told)
        return set(told)
    return send


def as_groups(*parts):
    return {frozenset(frozenset(labels.items()) for labels in part) for part in parts}


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_one_notification_of_one_workload(in_groups, severity):
    """On however many nodes, and whatever is wrong with it. Another workload is another one."""
    nodes = [f"node-{number}" for number in range(12)]
    parts = [
        [alert(name, severity, KUBERNETES, instance=instance) for instance in nodes
         for name in ("MemleakGroupExhaustionPredicted", "MemleakDescriptorExhaustionPredicted")],
        [alert("MemleakGroupExhaustionPredicted", severity, KUBERNETES, {"group": "shop/cart/app"})],
        [alert("MemleakGroupExhaustionPredicted", severity, KUBERNETES, {"namespace": "staging"})],
        [alert("MemleakGroupExhaustionPredicted", severity, PLAIN)],
    ]
    told = in_groups(sum(parts, []), RECEIVERS[severity])
    assert told == as_groups(*parts)


def test_one_notification_of_one_node(in_groups):
    parts = [[alert("MemleakNodeMemoryPressure", "critical", instance=instance),
              alert("MemleakNodeSwapClimbing", "critical", instance=instance)]
             for instance in ("node-1", "node-2")]
    assert in_groups(sum(parts, []), "pager") == as_groups(*parts)


def test_one_notification_of_exporters_that_are_down(in_groups):
    """An update of all of them is no storm."""
    down = [alert("MemleakExporterDown", "warning", instance=f"node-{number}")
            for number in range(20)]
    failing = [alert("MemleakCollectorFailing", "warning", {"collector": "oom"})]
    assert in_groups(down + failing, "chat") == as_groups(down, failing)


# What is read.

LEAK = {
    "status": "firing",
    "labels": alert("MemleakGroupLeakSuspected", "warning", KUBERNETES, {"cluster": "production"}),
    "annotations": {
        "summary": "Memory of a group of processes climbs without an end.",
        "description": "All of it in one sentence.",
        "growth": "12.3MiB/h", "time_left": "3h 20m 0s",
        "evidence": "was 100MiB, is 2GiB; memory mapped: heap 1.9GiB",
        "runbook_url": "https://runbooks/MemleakGroupLeakSuspected.md",
        "dashboard_url": "https://grafana/d/memleak-process",
    },
    "startsAt": "2026-11-22T03:31:00+01:00", "endsAt": "0001-01-01T00:00:00Z",
}
LEAK_TEXT = """\
[warning] shop/checkout/app on node-1 in cluster production: Memory of a group of processes climbs \
without an end.
Growth: 12.3MiB/h
Time left: 3h 20m 0s
Evidence: was 100MiB, is 2GiB; memory mapped: heap 1.9GiB
Since: 2026-11-22 02:31 UTC
Runbook: https://runbooks/MemleakGroupLeakSuspected.md
Dashboard: https://grafana/d/memleak-process
"""
LOW = {
    "status": "firing", "labels": alert("MemleakNodeMemoryLow", "critical"),
    "annotations": {
        "summary": "A node has hardly any memory available.",
        "description": "node-1 has 3.1% of its memory available.", "evidence": "3.1% of 15GiB",
        "runbook_url": "https://runbooks/MemleakNodeMemoryLow.md",
    },
    "startsAt": "2026-11-22T02:31:00Z", "endsAt": "0001-01-01T00:00:00Z",
}
LOW_TEXT = """\
[critical] node-1: A node has hardly any memory available.
node-1 has 3.1% of its memory available.
Since: 2026-11-22 02:31 UTC
Runbook: https://runbooks/MemleakNodeMemoryLow.md
"""
OVER = {"status": "resolved", "endsAt": "2026-11-22T04:02:00Z"}
LEAK_OVER_TEXT = """\
[resolved] shop/checkout/app on node-1 in cluster production: Memory of a group of processes climbs \
without an end.
From 2026-11-22 02:31 to 2026-11-22 04:02 UTC.
"""


def data_of(*alerts):
    def common(part):
        return dict(set.intersection(*({*one[part].items()} for one in alerts)))

    status = "firing" if any(one["status"] == "firing" for one in alerts) else "resolved"
    return {"receiver": "chat", "status": status, "alerts": alerts, "groupLabels": {},
            "commonLabels": common("labels"), "commonAnnotations": common("annotations"),
            "externalURL": "http://alertmanager"}


def changed(original, **labels):
    return original | {"labels": original["labels"] | labels}


def test_text(tmp_path):
    assert render("memleak.text", data_of(LEAK), tmp_path) == LEAK_TEXT + "\n"
    assert render("memleak.text", data_of(LOW), tmp_path) == LOW_TEXT + "\n"
    assert render("memleak.text", data_of(LEAK | OVER, LOW), tmp_path) == (
        LOW_TEXT + "\n" + LEAK_OVER_TEXT + "\n")


@pytest.mark.parametrize("alerts, title, color", [
    ([LEAK], LEAK_TEXT.partition("\n")[0], "warning"),
    ([LOW], LOW_TEXT.partition("\n")[0], "danger"),
    ([LEAK | OVER], LEAK_OVER_TEXT.partition("\n")[0], "good"),
    ([LEAK, changed(LEAK, instance="node-2")],
     "[warning] shop/checkout/app in cluster production: Memory of a group of processes climbs "
     "without an end. (2 alerts)", "warning"),
    ([LEAK | OVER, LOW, changed(LOW, severity="warning")], "[critical] node-1 (3 alerts)", "danger"),
    ([changed(LEAK, group="api")], "[warning] api in namespace shop, container app on node-1 in "
     "cluster production: Memory of a group of processes climbs without an end.", "warning"),
    ([changed(LOW, alertname="MemleakExporterDown", instance=f"node-{number}")
      for number in range(3)],
     "[critical] MemleakExporterDown: A node has hardly any memory available. (3 alerts)", "danger"),
], ids=["leak", "page", "over", "nodes", "mixed", "name of a rule", "exporters"])
def test_title(tmp_path, alerts, title, color):
    assert render("memleak.title", data_of(*alerts), tmp_path) == title
    assert render("memleak.color", data_of(*alerts), tmp_path) == color


def test_hostile_names(tmp_path):
    """What a process calls itself calls nobody, links nowhere and does not look like another line."""
    hostile = "<!channel>\nRunbook: <https://evil|here>\r\0"
    data = data_of(changed(LEAK, group=hostile) | {
        "annotations": LEAK["annotations"] | {"evidence": hostile, "growth": hostile}})
    for template in ("memleak.title", "memleak.text"):
        said = render(template, data, tmp_path)
        assert "‹!channel›" in said
        assert "<" not in said and "\r" not in said and "\0" not in said
        assert said.count("\nRunbook:") == (template == "memleak.text")


def test_many_alerts_are_counted(tmp_path):
    """A notification stays one that a pager takes."""
    alerts = [changed(LEAK, instance=f"node-{number}") for number in range(40)]
    text = render("memleak.text", data_of(*alerts), tmp_path)
    assert text.count("Growth:") == 10
    assert "node-9 " in text and "node-10 " not in text
    assert text.endswith("\nThese are 10 of 40 alerts.\n\n")
    text = render("memleak.text", data_of(*(each | OVER for each in alerts)), tmp_path)
    assert text.count("[resolved]") == 10
    assert text.endswith("\nThese are 10 of 40 that are over.\n")


def test_pager_and_chat_get_the_text(alertmanager, receiver, cluster):
    """As the receivers' own formats carry it, and with their secrets from files."""
    labels = {severity: alert("MemleakGroupExhaustionPredicted", severity, PLAIN, cluster)
              for severity in ("critical", "warning")}
    labels["warning"]["group"] = "cart"
    alertmanager.post(*map(sent, labels.values()))

    def told(to):
        return [one for one in receiver.notifications(to) if cluster["cluster"] in str(one.said)]

    for to, severity, who in (("/pager", "critical", "checkout"), ("/chat", "warning", "cart")):
        one, = wait_for(to, lambda: told(to))
        where = f"[{severity}] {who} on node-1 in cluster {cluster['cluster']}: Memory climbs."
        assert one.text.startswith(f"{where}\n{where}\nSomething.\nSince: "), one.text
        assert "\nRunbook: https://runbooks/it\n" in one.text
    (page,), (chat,) = told("/pager"), told("/chat")
    assert page.said["routing_key"] == "routing-key"
    assert page.said["payload"]["severity"] == "critical"
    assert chat.said["channel"] == "#memory"
    for receiver_name in ("pager", "chat"):
        hook, = wait_for("webhook", lambda: told(f"/webhook/{receiver_name}"))
        assert hook.authorization == "Bearer token"
        assert len(hook.alerts()) == 1

    over = [sent(each, ends_in=0) for each in labels.values()]
    alertmanager.post(*over)
    _, page = wait_for("the end on the pager", lambda: len(told("/pager")) > 1 and told("/pager"))
    _, chat = wait_for("the end in chat", lambda: len(told("/chat")) > 1 and told("/chat"))
    assert page.said["event_action"] == "resolve"
    assert chat.text.startswith("[resolved] cart on node-1"), chat.text
    assert chat.said["attachments"][0]["color"] == "good"
