"""Tries the shipped rules and alerts on worlds, by `promtool test rules`: Prometheus' own engine.

A test is a world and what is expected of it at some times. promtool judges every group of rules at every
step, whatever its interval.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from support.hosts import selector

DASHBOARDS = pathlib.Path(__file__).resolve().parents[3] / "dashboards"
RULE_FILES = [DASHBOARDS / "prometheus" / name for name in ("memleak_rules.yaml", "memleak_alerts.yaml")]
RUNBOOK = "https://github.com/memleak-exporter/memleak_exporter/blob/main/dashboards/runbooks/%s.md"


def promtool(*arguments):
    """Ran to its end: exit status and all output. PROMTOOL names another one."""
    program = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not program:
        pytest.skip("no promtool; please install: prometheus (Debian 12) or promtool")
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.returncode, done.stdout


def rule_groups():
    return [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]


def fires(name, severity, labels):
    return {"alertname": name, "severity": severity, **labels}


def firing(minute, *alerts, only=""):
    """These alerts fire at that minute, and no others. `only` are more matchers, after a comma."""
    return {"promql_expr_test": [{
        "expr": 'ALERTS{alertstate="firing"%s}' % only,
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": "ALERTS" + selector({**alert, "alertstate": "firing"}), "value": 1}
                        for alert in alerts],
    }]}


def ever_fired(world, *alerts, only=""):
    """These alerts and no others have fired by the end of the world. """
    return {"promql_expr_test": [{
        "expr": 'max_over_time(ALERTS{alertstate="firing"%s}[%dm])' % (only, world.minutes + 1),
        "eval_time": f"{world.minutes}m",
        "exp_samples": [{"labels": selector({**alert, "alertstate": "firing"}), "value": 1}
                        for alert in alerts],
    }]}


def notified(minute, name, *alerts):
    """These are the alerts of that name: (labels as of fires(), {annotation: text}). Their runbook is
    that of the name."""
    expected = []
    for labels, annotations in alerts:
        assert labels["alertname"] == name
        expected.append({
            "exp_labels": {label: value for label, value in labels.items() if label != "alertname"},
            "exp_annotations": annotations | {"runbook_url": RUNBOOK % name},
        })
    return {"alert_rule_test": [{
        "alertname": name, "eval_time": f"{minute}m", "exp_alerts": expected}]}


def samples(minute, expression, expected):
    """`expected`: {labels as text: value}."""
    return {"promql_expr_test": [{
        "expr": expression,
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": labels, "value": value} for labels, value in expected.items()],
    }]}


def failures(directory, world, *expected, step="1m", rule_files=None):
    """What promtool says of each expectation that is not met."""
    test = {
        "interval": "1m",
        "input_series": [{"series": text, "values": notation(values)}
                         for text, values in world.series.items()],
        "promql_expr_test": [],
        "alert_rule_test": [],
    }
    for one in expected:
        for kind, tests in one.items():
            test[kind] += tests
    path = pathlib.Path(directory) / "test.yaml"
    # JSON is YAML.
    path.write_text(json.dumps({
        "rule_files": [str(name) for name in rule_files or RULE_FILES],
        "evaluation_interval": step,
        # Without it, promtool takes the groups in an order of its own.
        "group_eval_order": list(dict.fromkeys(group["name"] for group in rule_groups())),
        "tests": [test],
    }))
    status, output = promtool("test", "rules", str(path))
    if not status:
        return []
    failed = re.split(r"\n(?= +(?:alertname|expr|error): )", output.split("FAILED:", 1)[-1])
    return [one for one in failed if one.strip()]


def judge(directory, world, *expected, **options):
    """Fails with what promtool says, unless all is as expected."""
    failed = failures(directory, world, *expected, **options)
    if failed:
        pytest.fail("\n".join(failed), pytrace=False)


def notation(values):
    """Samples as promtool has them written; equal ones in a row are told once."""
    told, count = [], 0
    for index, value in enumerate(values):
        count += 1
        if index + 1 < len(values) and values[index + 1] == value:
            continue
        if value is None:
            told.append(f"_x{count}")
        elif count > 1:
            told.append(f"{value!r}+0x{count - 1}")
        else:
            told.append(repr(value))
        count = 0
    return " ".join(told)
