"""The dashboards as they lie in a folder, to ask what is in them."""

import json
import re

# Of both spellings of Grafana: $name, and ${name} with or without a format.
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


def interpolate(text, values):
    """With variables filled in; one that has no value stays as it is."""
    return VARIABLE.sub(lambda found: values.get(found[1] or found[2], found[0]), text)


def used_variables(text):
    return {found[1] or found[2] for found in VARIABLE.finditer(text)}


class Query:
    def __init__(self, json_target):
        self.json = json_target
        self.ref = json_target["refId"]
        self.expression = json_target["expr"]
        self.instant = json_target["instant"]


class Panel:
    def __init__(self, json_panel):
        self.json = json_panel
        self.id = json_panel["id"]
        self.title = json_panel.get("title", "")
        self.type = json_panel["type"]

    def queries(self):
        return [Query(target) for target in self.json["targets"]]

    def query(self, ref):
        return next(query for query in self.queries() if query.ref == ref)

    @property
    def defaults(self):
        return self.json["fieldConfig"]["defaults"]

    def properties(self):
        """[(field, property, value)] of what single fields have of their own."""
        return [(override["matcher"]["options"], each["id"], each["value"])
                for override in self.json["fieldConfig"]["overrides"]
                for each in override["properties"]]

    def thresholds(self):
        """Of the panel, and of single fields of it."""
        own = [self.defaults["thresholds"]] if "thresholds" in self.defaults else []
        return own + [value for _, name, value in self.properties() if name == "thresholds"]


class Variable:
    def __init__(self, json_variable):
        self.json = json_variable
        self.name = json_variable["name"]
        self.all_value = json_variable.get("allValue") if json_variable["includeAll"] else None
        query = json_variable["query"]
        self.query = query["query"] if isinstance(query, dict) else query

    @property
    def expression(self):
        """What it asks for instead of the values of a label, if it does."""
        found = re.fullmatch(r"query_result\((.*)\)", self.query)
        return found and found[1]

    def label_and_selector(self):
        if self.expression is None:
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", self.query).groups()
        else:
            label, selector = re.fullmatch(
                r"group by \((\w+)\) \(last_over_time\((.*)\[\$__range\]\)\)", self.expression).groups()
            assert self.json["regex"] == f'/{label}="([^"]+)"/'
        return label, selector


class Dashboard:
    def __init__(self, path):
        self.file = path.name
        self.text = path.read_text()
        self.json = json.loads(self.text)

    def rows_and_panels(self):
        return [Panel(each) for each in self.json["panels"]]

    def panels(self, kind=None):
        return [panel for panel in self.rows_and_panels()
                if panel.type != "row" and kind in (None, panel.type)]

    def panel(self, number):
        return next(panel for panel in self.panels() if panel.id == number)

    def variables(self):
        """Those that are queries, in the order in which they depend on each other."""
        return [Variable(each) for each in self.json["templating"]["list"] if each["type"] == "query"]

    def variable(self, name):
        return next(variable for variable in self.variables() if variable.name == name)


class Dashboards:
    def __init__(self, folder):
        self._by_file = {path.name: Dashboard(path) for path in sorted(folder.glob("*.json"))}

    def __iter__(self):
        return iter(self._by_file.values())

    def __getitem__(self, file):
        return self._by_file[file]

    def __len__(self):
        return len(self._by_file)
