"""What is said of who reads the processes: /proc's files or the kernel's task iterator."""

import re

FAILURES = "memleak_scrape_source_failures_total"


def source_of(body):
    return body.labels("memleak_exporter_build_info")["source"]


def reading(exporter):
    """What the log says of it: [(source, reason)], the reason may be empty."""
    said = re.findall(r'msg="reading processes" source=(\w+)(?: reason=(.*))?$', exporter.log(),
                      re.M)
    return [(source, reason.strip('"')) for source, reason in said]
