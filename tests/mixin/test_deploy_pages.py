"""The pages of deploy/ that name other files, figures of the rules, and commands over them."""

import json
import re
import subprocess

import pytest

from support.promtool import DASHBOARDS, promtool, rule_groups
from runbook_pages import need_tool

REPOSITORY = DASHBOARDS.parent
DEPLOY = REPOSITORY / "deploy"
PAGES = [DEPLOY / "README.md", DEPLOY / "scaling.md", DEPLOY / "prometheus" / "README.md"]


def anchors(page):
    """As GitHub and others make them of headings."""
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.M)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DEPLOY)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert links
    for link in links:
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DEPLOY)))
def test_files_that_are_named_are_there(page):
    """In the tables of what lies beside a page."""
    for name in re.findall(r"^\| `([\w./]+)`", page.read_text(), re.M):
        assert (page.parent / name).exists(), name


def test_the_group_for_a_ruler_that_sees_all(tmp_path):
    need_tool("jsonnet")
    [block] = re.findall(r"^```sh\n(jsonnet .*?)^```$", (DEPLOY / "scaling.md").read_text(), re.M | re.S)
    command, output = block.strip().rsplit(" >", 1)
    made = subprocess.run(["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    path = tmp_path / output
    path.write_text(made.stdout)
    group, = json.loads(made.stdout)["groups"]
    assert group["name"] == "memleak-fleet"
    assert {rule["alert"] for rule in group["rules"]} == {"MemleakFleetSiblingOutlier"}
    status, said = promtool("check", "rules", str(path))
    assert status == 0, said


def test_what_a_tenant_of_mimir_must_be_allowed():
    page = (DEPLOY / "scaling.md").read_text()
    groups = rule_groups()
    told, = re.findall(r"70 groups of rules these files take (\d+)", page)
    assert int(told) == len(groups)
    assert max(len(group["rules"]) for group in groups) <= 20
