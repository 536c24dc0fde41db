"""Hosts as an exporter tells of them, minute by minute: what rules are tried on.

A value is a number or a curve; a curve is a function of the minutes since the world began, which is
None where there is no sample. Families are named as in the exposition, without the prefix.
"""

MIB, GIB = 1024**2, 1024**3
HOUR, DAY = 3600, 86400
# Long before the world began, so that nobody is young.
LONG_AGO = -30 * DAY


def climb(start, per_hour, begin=0, end=None):
    """From `start`, by `per_hour`, between two minutes; flat before and after."""
    return lambda minute: start + per_hour * max(0, min(minute, end or minute) - begin) / 60


def step(before, after, at):
    return lambda minute: before if minute < at else after


def between(curve, begin=0, end=None):
    """`curve` where there are samples only from the minute `begin` to before `end`."""
    return lambda minute: at(curve, minute) if minute >= begin and (end is None or minute < end) else None


def without(curve, begin, end):
    """`curve` with a gap."""
    return lambda minute: None if begin <= minute < end else at(curve, minute)


def at(curve, minute):
    return curve(minute) if callable(curve) else curve


def less(limit, curve):
    """What `curve` leaves of `limit`."""
    def left(minute):
        value = at(curve, minute)
        return None if value is None else max(0, at(limit, minute) - value)
    return left


class World:
    def __init__(self, hours):
        self.minutes = round(hours * 60)
        self.series = {}

    def host(self, instance="db-1:10078", up=1, **labels):
        return Host(self, {"job": "memleak", "instance": instance, **labels}, up)

    def put(self, name, labels, value):
        text = name + selector(labels)
        assert text not in self.series, text
        self.series[text] = [at(value, minute) for minute in range(self.minutes + 1)]


class Host:
    """Each function answers with the labels that alerts of this thing carry."""

    def __init__(self, world, labels, up):
        self.world, self.labels = world, labels
        world.put("up", labels, up)

    def put(self, prefix, labels, families):
        labels = {name: value for name, value in labels.items() if value is not None}
        for family, value in families.items():
            self.world.put(prefix + family, labels, value)
        return labels

    def node(self, resource=None, **families):
        return self.put("memleak_node_", {**self.labels, "resource": resource}, families)

    def group(self, group, namespace=None, container=None, **families):
        labels = {**self.labels, "group": group, "namespace": namespace, "container": container}
        return self.put("memleak_group_", labels, families)

    def process(self, pid, group, comm=None, namespace=None, pod=None, container=None, **families):
        labels = {**self.labels, "pid": str(pid), "comm": comm or group, "group": group,
                  "namespace": namespace, "pod": pod, "container": container}
        return self.put("memleak_process_", labels, families)

    def cgroup(self, cgroup, kind, unit=None, namespace=None, pod=None, container=None, group=None,
               **families):
        labels = {**self.labels, "cgroup": cgroup, "kind": kind, "unit": unit, "namespace": namespace,
                  "pod": pod, "container": container, "group": group}
        return self.put("memleak_cgroup_", labels, families)

    def oom(self, group, scope="memcg", namespace=None, pod=None, container=None, **families):
        labels = {**self.labels, "group": group, "scope": scope, "namespace": namespace, "pod": pod,
                  "container": container}
        return self.put("memleak_oom_", labels, families)


def selector(labels):
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in labels.values())
    return "{%s}" % ", ".join(f'{name}="{value}"' for name, value in zip(labels, quoted))
