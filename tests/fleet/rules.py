"""The rule files as Prometheus reads them: their past, and what one evaluation costs."""

import array
import dataclasses
import json
import math
import pathlib
import statistics
import time

import promql
import remote_write
from server import Failed, Server

HOUR = 3600
# So many evaluations are looked at, after one that does not count: it makes new series, and restores.
EVALUATIONS = 5
# One group at a time is awake, and then often; the others sleep. Their results must not get old meanwhile.
AWAKE = "250ms"
ASLEEP = "7d"
FRESH_SECONDS = 200
EVALUATION_SECONDS = 600


@dataclasses.dataclass
class Group:
    name: str
    interval: float
    rules: list  # as /api/v1/rules tells them

    @property
    def recording(self):
        return [rule for rule in self.rules if rule["type"] == "recording"]


def read(files, directory, nice):
    """The groups of rule files, in the files' order, from a Prometheus without any data."""
    server = Server(directory, nice=nice, rule_files=files)
    try:
        groups = server.ask("/api/v1/rules")["groups"]
    finally:
        server.close()
    order = [str(file) for file in files]
    # Prometheus sorts them by name within a file.
    groups.sort(key=lambda each: order.index(each["file"]))
    names = [group["name"] for group in groups]
    # Two files may have groups of one name; here they come to stand in one.
    return [Group(group["name"] if names.count(group["name"]) == 1 else
                  f"{group['name']} ({pathlib.Path(group['file']).stem})",
                  group["interval"], group["rules"]) for group in groups]


def expressions(groups):
    return [rule["query"] for group in groups for rule in group.rules]


def levels(groups):
    """The groups by levels: whoever reads a recorded series stands after whoever makes it."""
    made = {rule["name"]: group.name for group in groups for rule in group.recording}
    reads = {group.name: {made[name] for rule in group.rules for name in promql.recorded(rule["query"])
                          if name in made} - {group.name} for group in groups}
    return _levels(groups, [group.name for group in groups], [reads[group.name] for group in groups])


def in_order(groups):
    """[(recording rule, its group's interval)], each after all that it reads."""
    known = [(rule, group.interval) for group in groups for rule in group.recording]
    # One name may be made by several rules.
    names = [rule["name"] for rule, _ in known]
    reads = [promql.recorded(rule["query"]) & set(names) - {rule["name"]} for rule, _ in known]
    return [each for level in _levels(known, names, reads) for each in level]


def _levels(things, names, reads):
    waiting, found = list(range(len(things))), []
    while waiting:
        missing = [len({names[other] for other in waiting} & reads[i]) for i in waiting]
        # Of those that read each other, whoever reads the fewest.
        ready = [i for i, lacks in zip(waiting, missing) if lacks == min(missing)]
        if min(missing):
            ready = ready[:1]
        waiting = [i for i in waiting if i not in ready]
        found.append([things[i] for i in ready])
    return found


def longest_reach(groups):
    """How far back anything looks, through whatever it reads, in seconds."""
    found = {}
    for rule, _ in in_order(groups):
        behind = max((found.get(name, 0) for name in promql.recorded(rule["query"])), default=0)
        found[rule["name"]] = max(found.get(rule["name"], 0), behind + promql.reach(rule["query"]))
    return max([*found.values(), *map(promql.reach, expressions(groups))], default=0)


def looked_back_at(groups, others):
    """The recorded series whose past somebody reads, and all that those are made from. `others`:
    expressions that read the past of whatever they name."""
    needed = set().union(*(promql.recorded(query) for query in expressions(groups) if promql.reach(query)),
                         *map(promql.recorded, others))
    for rule, _ in reversed(in_order(groups)):
        if rule["name"] in needed:
            needed |= promql.recorded(rule["query"])
    return needed


class Past:
    """Evaluates recording rules over times gone by, and writes what they would have recorded then: over
    `server`, which has one node of each draft, into it and for all copies into `fleets`, [(fleet, writer)]."""

    def __init__(self, server, writer, groups, drawn, fleets):
        """`drawn`: the expressions of dashboards."""
        self._server = server
        self._writer = writer
        needed = looked_back_at(groups, drawn)
        self._rules = [(rule, interval) for rule, interval in in_order(groups) if rule["name"] in needed]
        self._fleets = fleets
        self._labels = {}

    def evaluate(self, first, last, least_step):
        """From `first` up to but without `last`, in seconds since 1970, those rules whose past matters."""
        for rule, interval in self._rules:
            step = max(least_step, int(interval))
            start, end = math.ceil(first / step) * step, math.ceil(last / step) * step - step
            if start <= end:
                self._record(rule, start, end, step)
        for _, writer in self._fleets:
            writer.flush()

    def _record(self, rule, start, end, step):
        answer = self._server.ask("/api/v1/query_range", {
            "query": rule["query"], "start": start, "end": end, "step": step})
        grid = list(range(start, end + 1, step))
        of_grid = remote_write.Times([1000 * at for at in grid])
        for series in answer["result"]:
            points = series["values"]
            times = of_grid if len(points) == len(grid) else remote_write.Times(
                [round(1000 * float(point[0])) for point in points])
            samples = times.samples(array.array("d", [float(point[1]) for point in points]))
            own, of_fleets = self._labels_of(rule, series["metric"])
            self._writer.add(own, samples)
            for (_, writer), copies in zip(self._fleets, of_fleets):
                for labels in copies:
                    writer.add(labels, samples)
        # The next rule reads it.
        self._writer.flush()

    def _labels_of(self, rule, metric):
        """As written for the draft, and for its copies in each fleet."""
        own = rule.get("labels", {})
        key = (rule["name"], *own.values(), *metric.items())
        found = self._labels.get(key)
        if found is None:
            labels = metric | own | {"__name__": rule["name"]}
            found = self._labels[key] = (remote_write.labels(sorted(labels.items())),
                                         [fleet.copies_of(labels) for fleet, _ in self._fleets])
        return found


@dataclasses.dataclass
class Cost:
    """Of one evaluation of a group. `seconds` as Prometheus measures it, `cpu` all that it burns meanwhile."""

    seconds: float
    cpu: float
    read: int
    made: int
    peak: int
    slowest: list  # [(seconds, name)] of its rules


class Live:
    """The rule groups in the server's own rule manager, awake one at a time."""

    def __init__(self, server, directory, groups, keep_up):
        """`keep_up` writes the scrapes that are due."""
        self._server = server
        self._file = directory / "rules.yml"
        self._levels = levels(groups)
        self._keep_up = keep_up
        self._refreshed = -math.inf
        # {(group, rule's place in it): what was wrong with its last evaluation, '' if nothing}
        self.errors = {}
        server.configure([self._file])

    def _wake(self, awake):
        """These, and no others."""
        self._file.write_text(json.dumps({"groups": [
            {"name": group.name, "interval": AWAKE if group in awake else ASLEEP,
             "rules": [as_written(rule) for rule in group.rules]}
            for level in self._levels for group in level]}))
        self._server.reload()

    def _wait_for_evaluations(self, groups, after):
        """Of all of them: the time of the last, and how long it took. `after`: seconds since 1970."""
        deadline = time.monotonic() + EVALUATION_SECONDS
        while time.monotonic() < deadline:
            when, took = self._server.own("prometheus_rule_group_last_evaluation_timestamp_seconds",
                                          "prometheus_rule_group_last_duration_seconds")
            done = {labels[0].rpartition(";")[2]: (when[labels], took.get(labels, math.nan))
                    for labels in when if when[labels] > after}
            if all(group.name in done for group in groups):
                return done[groups[-1].name]
            # To ask costs the server time, too.
            time.sleep(0.1)
        raise Failed(f"not evaluated: {', '.join(group.name for group in groups)}\n"
                     f"{self._server.log_tail()}")

    def refresh(self):
        """Evaluates every group, those first that others read."""
        for level in self._levels:
            self._keep_up()
            self._wake(level)
            self._wait_for_evaluations(level, time.time())
            self._note_errors(level)
        self._wake([])
        self._refreshed = time.monotonic()

    def cost(self, group):
        if time.monotonic() - self._refreshed > FRESH_SECONDS:
            self.refresh()
        self._keep_up()
        # The group that was measured before falls asleep.
        self._wake([group])
        when, _ = self._wait_for_evaluations([group], time.time())
        cpu, times = [], []
        for _ in range(EVALUATIONS):
            before = self._server.cpu_seconds()
            when, took = self._wait_for_evaluations([group], when)
            times.append(took)
            cpu.append(self._server.cpu_seconds() - before)
        self._note_errors([group])
        now = time.time()
        read = made = peak = 0
        slowest = []
        for rule in group.rules:
            answer = self._server.ask("/api/v1/query", {
                "query": rule["query"], "time": now, "stats": "all"})
            samples = answer["stats"]["samples"]
            read += samples["totalQueryableSamples"]
            peak = max(peak, samples["peakSamples"])
            made += len(answer["result"])
            slowest.append((answer["stats"]["timings"]["evalTotalTime"], rule["name"]))
        return Cost(statistics.median(times), min(cpu), read, made, peak, sorted(slowest, reverse=True))

    def _note_errors(self, groups):
        """While they are awake: a reload makes Prometheus forget how its rules are."""
        names = {group.name for group in groups}
        for group in self._server.ask("/api/v1/rules")["groups"]:
            if group["name"] in names:
                for i, rule in enumerate(group["rules"]):
                    self.errors[group["name"], i] = (
                        "" if rule["health"] == "ok" else
                        f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}")


def as_written(rule):
    """A rule of the API as a rule of a file."""
    written = {"expr": rule["query"], "labels": rule.get("labels", {})}
    if rule["type"] == "recording":
        return written | {"record": rule["name"]}
    return written | {"alert": rule["name"], "for": f"{int(rule['duration'] * 1000)}ms",
                      "annotations": rule.get("annotations", {})}
