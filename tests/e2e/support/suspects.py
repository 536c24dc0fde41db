"""What is said of a suspect, in words: as the page and `top` have it from the API."""

import json
import re

from support.waiting import wait_for


def suspect(exporter, pid):
    """The row of this process with its details if it is suspected, else None."""
    answer = exporter.get(f"/api/v1/processes?suspects=true&details=true&pid={pid}")
    assert answer.status == 200, answer
    rows = json.loads(answer.text)["processes"]
    return rows[0] if rows else None


def words(row):
    """Every reason, of the verdict and of the evidence."""
    said = [f"{resource['resource']}: {reason}"
            for resource in row["resources"] if resource["leak_suspected"]
            for reason in resource["reasons"]]
    return said + row.get("evidence", {}).get("reasons", [])


def suspect_saying(exporter, pid, pattern):
    """Its row if any reason says so, else None."""
    row = suspect(exporter, pid)
    if row is not None and any(re.search(pattern, said) for said in words(row)):
        return row
    return None


def suspect_that_says(exporter, pid, pattern):
    """Waits until any reason says so; returns the row."""
    return wait_for(f"{pattern} of process {pid}", lambda: suspect_saying(exporter, pid, pattern))
