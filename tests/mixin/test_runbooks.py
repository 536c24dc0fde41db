"""Each alert has a runbook, each runbook an alert, and no link in them leads nowhere."""

import re
import subprocess

import pytest
import yaml

from runbook_pages import RUNBOOKS, Page

ALERTS_FILE = RUNBOOKS.parent / "prometheus" / "memleak_alerts.yaml"
SECTIONS = ["What it saw", "What it means", "Confirm", "What next", "Stop the bleeding", "When it is wrong",
            "Its rule"]
PAGES = sorted(path.name for path in RUNBOOKS.glob("*.md"))
ALERT_PAGES = [name for name in PAGES if name.startswith("Memleak")]


def alerts():
    """{name: [rule]} of the alerts as Prometheus reads them."""
    found = {}
    for group in yaml.safe_load(ALERTS_FILE.read_text())["groups"]:
        for rule in group["rules"]:
            found.setdefault(rule["alert"], []).append(rule)
    return found


def test_alerts_and_pages_are_the_same():
    assert {name.removesuffix(".md") for name in ALERT_PAGES} == set(alerts())


def test_every_alert_links_to_its_page():
    for name, rules in alerts().items():
        for rule in rules:
            assert rule["annotations"]["runbook_url"].endswith(f"/dashboards/runbooks/{name}.md")


@pytest.mark.parametrize("name", ALERT_PAGES)
def test_an_alert_page_says_all_there_is_to_say(name):
    page = Page(name)
    assert page.title == name.removesuffix(".md")
    assert page.sections == SECTIONS
    lead, *bodies = re.split(r"^## .+$", page.text, flags=re.M)
    assert len(lead.split()) > 10, "the first lines must say something"
    for section, body in zip(SECTIONS, bodies):
        assert body.split(), section
    assert page.links, "the way must go on"


def in_words(duration):
    number, unit = re.fullmatch(r"(\d+)([mh])", duration).groups()
    return f"{number} {'minute' if unit == 'm' else 'hour'}{'' if number == '1' else 's'}"


@pytest.mark.parametrize("name", ALERT_PAGES)
def test_the_rule_in_words_is_the_rule(name):
    words = Page(name).text.rpartition("## Its rule")[2]
    for rule in alerts()[name.removesuffix(".md")]:
        assert f"`{rule['labels']['severity']}`" in words
        if "for" in rule:
            assert in_words(rule["for"]) in words.replace("\n", " ")
        else:
            assert "at once" in words


@pytest.mark.parametrize("name", ALERT_PAGES)
def test_thresholds_in_words_are_those_of_the_rule(name):
    words = " ".join(Page(name).text.rpartition("## Its rule")[2].split())
    for rule in alerts()[name.removesuffix(".md")]:
        for share in re.findall(r"[<>] (0\.\d+)\b", rule["expr"]):
            assert f"{float(share) * 100:g} %" in words, share
        if "exhaustion_seconds" in rule["expr"]:
            for seconds in re.findall(r"< (\d{4,})\b", rule["expr"]):
                hours = int(seconds) // 3600
                assert ("an hour" if hours == 1 else f"{hours} hours") in words, seconds


@pytest.mark.parametrize("name", ALERT_PAGES)
def test_commands_of_an_alert_page_are_no_nonsense(name):
    for language, _, code in Page(name).blocks:
        assert language in ("sh", "promql")
        if language == "sh":
            done = subprocess.run(["bash", "-n"], input=code, text=True, capture_output=True)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for link in Page(name).links:
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = RUNBOOKS / (file or name)
        assert target.is_file(), link
        if anchor:
            assert anchor in Page(target.name).anchors, link


def test_the_index_has_every_page():
    linked = set(Page("README.md").links)
    assert {name for name in PAGES if name != "README.md"} <= linked


def test_every_page_is_reached_from_an_alert():
    reached, ahead = set(), list(ALERT_PAGES)
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += [link.partition("#")[0] for link in Page(name).links if re.match(r"[\w.-]+\.md", link)]
    assert reached == set(PAGES) - {"README.md"}


@pytest.mark.parametrize("name", PAGES)
def test_lines_fit(name):
    """Prose can be read in a terminal; tables and commands are as long as they must be."""
    long = [line for line in Page(name).prose.splitlines() if len(line) > 108 and not line.startswith("|")]
    assert not long
