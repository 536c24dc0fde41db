"""The queries of a dashboard as Grafana would send them: every variable on All, the last so many hours."""

import dataclasses
import json
import re
import statistics
import time
import urllib.parse

# A common screen, for which Grafana asks as many points as a panel is wide.
SCREEN_PIXELS = 1900
COLUMNS = 24
# How often the fleet is scraped, which the data source knows.
SCRAPE_SECONDS = 60
# Grafana's steps (roundInterval in rangeutil.ts): up to so many seconds, so long a step.
STEPS = ((7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300),
         (750, 600), (1050, 900), (1500, 1200), (2700, 1800), (5400, 3600))
RUNS = 3
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]")
_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(.*),\s*)?(\w+)\s*\)\s*$", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.*)\)\s*$", re.DOTALL)


@dataclasses.dataclass
class Cost:
    panel: str
    seconds: float
    cpu: float
    queries: int
    series: int  # in the answers
    read: int  # samples
    peak: int  # samples at a time, which --query.max-samples limits


def panels_of(dashboard):
    """The panels that ask something, those of collapsed rows as well."""
    for panel in dashboard.get("panels", []):
        if panel["type"] == "row":
            yield from (each for each in panel.get("panels", []) if each.get("targets"))
        elif panel.get("targets"):
            yield panel


def expressions(dashboard):
    """Of panels and variables."""
    yield from (target["expr"] for panel in panels_of(dashboard) for target in panel["targets"])
    for variable in dashboard.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            yield query_of(variable)


def query_of(variable):
    query = variable["query"]
    text = query["query"] if isinstance(query, dict) else query
    inner = _LABEL_VALUES.match(text) or _QUERY_RESULT.match(text)
    return (inner.group(1) or "") if inner else ""


def step_of(panel, hours):
    points = panel.get("maxDataPoints") or SCREEN_PIXELS * panel["gridPos"]["w"] // COLUMNS
    exact = hours * 3600 / points
    step = next((step for limit, step in STEPS if exact <= limit), 3600)
    least = re.fullmatch(r">?(\d+)([smh])", panel.get("interval") or "")
    if least:
        step = max(step, int(least.group(1)) * {"s": 1, "m": 60, "h": 3600}[least.group(2)])
    return max(step, SCRAPE_SECONDS)


class Dashboard:
    def __init__(self, server, model, hours):
        self._server = server
        self._hours = hours
        self.title = model["title"]
        self._panels = list(panels_of(model))
        self._variables = model.get("templating", {}).get("list", [])
        self._values = {}

    def costs(self):
        """Of the variables, which are asked when the dashboard is opened, and of the panels."""
        yield from (self._variable(variable) for variable in self._variables)
        yield from map(self._panel, self._panels)

    def _filled(self, text, step=SCRAPE_SECONDS):
        length = self._hours * 3600
        built_in = {"__range": f"{length}s", "__range_s": str(length), "__range_ms": str(1000 * length),
                    "__interval": f"{step}s", "__interval_ms": str(1000 * step),
                    "__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s"}

        def value(match):
            name = match.group(1) or match.group(3) or match.group(4)
            if name in built_in:
                return built_in[name]
            if name not in self._values:
                raise LookupError(f"{self.title}: no variable ${name}")
            return self._values[name]

        return _VARIABLE.sub(value, text)

    def _variable(self, variable):
        name, kind = variable["name"], variable["type"]
        cost = Cost(f"${name}", 0.0, 0.0, 0, 0, 0, 0)
        options = []
        if kind == "query":
            cost, options = self._options(variable)
        elif kind == "custom":
            options = [each.partition(" : ")[2].strip() or each.strip()
                       for each in variable["query"].split(",")]
        current = (variable.get("current") or {}).get("value")
        if variable.get("allValue"):
            self._values[name] = variable["allValue"]
        elif variable.get("includeAll"):
            # Grafana writes them all out.
            self._values[name] = "(%s)" % "|".join(map(re.escape, options))
        elif isinstance(current, str) and current and not current.startswith("$"):
            self._values[name] = current
        else:
            self._values[name] = options[0] if options else ""
        return cost

    def _options(self, variable):
        text = variable["query"]["query"] if isinstance(variable["query"], dict) else variable["query"]
        of_label, of_query = _LABEL_VALUES.match(text), _QUERY_RESULT.match(text)
        now = time.time()
        # Refreshed with the time range (2), it is asked for that; else for all times, which is as dear.
        span = {"start": now - self._hours * 3600, "end": now}
        if of_label:
            match = {"match[]": self._filled(of_label.group(1))} if of_label.group(1) else {}
            path = f"/api/v1/label/{of_label.group(2)}/values?" + urllib.parse.urlencode(span | match)
            return self._measured(f"${variable['name']}", [(path, None)])
        if of_query:
            asked = [("/api/v1/query", {"query": self._filled(of_query.group(1)), "time": now})]
            cost, answer = self._measured(f"${variable['name']}", asked)
            shown = re.compile((variable.get("regex") or "/(.*)/").strip("/"))
            lines = ["{%s} %s" % (",".join(f'{k}="{v}"' for k, v in each["metric"].items()),
                                  each["value"][1]) for each in answer]
            found = filter(None, map(shown.search, lines))
            return cost, sorted({match.group(match.lastindex or 0) for match in found})
        raise LookupError(f"{self.title}: ${variable['name']}: unknown kind of query: {text}")

    def _panel(self, panel):
        step = step_of(panel, self._hours)
        end = int(time.time())
        asked = []
        for target in panel["targets"]:
            if target.get("hide"):
                continue
            query = self._filled(target["expr"], step)
            if target.get("instant"):
                asked.append(("/api/v1/query", {"query": query, "time": end, "stats": "all"}))
            if target.get("range") or not target.get("instant"):
                # Grafana aligns the ends to the step.
                asked.append(("/api/v1/query_range", {
                    "query": query, "start": (end - self._hours * 3600) // step * step,
                    "end": end // step * step, "step": step, "stats": "all"}))
        return self._measured(panel["title"], asked)[0]

    def _measured(self, name, asked):
        """The cost of asking all that, one after the other, and the last answer's result."""
        times, cpus = [], []
        for _ in range(RUNS):
            cpu, start = self._server.cpu_seconds(), time.monotonic()
            bodies = [self._server.fetch(*each) for each in asked]
            times.append(time.monotonic() - start)
            cpus.append(self._server.cpu_seconds() - cpu)
        series = read = peak = 0
        result = []
        for body, (path, parameters) in zip(bodies, asked):
            answer = json.loads(body)
            if answer["status"] != "success":
                raise LookupError(f"{self.title}: {name}: {answer['error']}: {parameters or path}")
            data = answer["data"]
            result = data["result"] if isinstance(data, dict) else data
            series += len(result)
            if isinstance(data, dict) and "stats" in data:
                read += data["stats"]["samples"]["totalQueryableSamples"]
                peak = max(peak, data["stats"]["samples"]["peakSamples"])
        return Cost(name, statistics.median(times), statistics.median(cpus), len(asked), series, read,
                    peak), result
