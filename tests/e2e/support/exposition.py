"""Bodies of /metrics, parsed by python3-prometheus-client: strictly, and twice as suspicious."""

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser


class Body:
    """One scrape: {(sample name, labels): value}, and the families by name."""

    def __init__(self, text, openmetrics):
        self.text = text
        self.openmetrics = openmetrics
        parse = (openmetrics_parser if openmetrics else text_parser).text_string_to_metric_families
        self.families = {}
        self.samples = {}
        for family in parse(text):
            # The text parser yields a family anew when its samples are not contiguous.
            assert family.name not in self.families, f"{family.name} appears twice"
            self.families[family.name] = family
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.samples, f"duplicate series {sample}"
                self.samples[key] = sample.value
        # The parsers drop some duplicates silently: as many series as sample lines, or not at all.
        lines = [line for line in text.split("\n") if line and not line.startswith("#")]
        assert len(lines) == len(self.samples), "duplicate or unparsed sample lines"

    def find(self, name, **labels):
        """[(labels, value)] of the samples of this name that have these labels."""
        wanted = set(labels.items())
        return [
            (dict(key[1]), value)
            for key, value in self.samples.items()
            if key[0] == name and wanted <= key[1]
        ]

    def has(self, name, **labels):
        return bool(self.find(name, **labels))

    def value(self, name, **labels):
        found = self.find(name, **labels)
        assert len(found) == 1, f"{len(found)} samples of {name}{labels}, not one"
        return found[0][1]

    def labels(self, name, **labels):
        found = self.find(name, **labels)
        assert len(found) == 1, f"{len(found)} samples of {name}{labels}, not one"
        return found[0][0]

    def of_pid(self, pid):
        """{sample name: value} of everything that says something about one process."""
        return {
            name: value for (name, labels), value in self.samples.items()
            if ("pid", str(pid)) in labels
        }
