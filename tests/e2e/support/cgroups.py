"""Real memory cgroups for a test, and what the files of a cgroup say to others."""

import os
import pathlib
import re

import pytest

from support.requirements import need_root
from support.waiting import wait_for

V1_ROOT = pathlib.Path("/sys/fs/cgroup/memory")
# PAGE_COUNTER_MAX in bytes (include/linux/page_counter.h): what v1 shows for no limit.
V1_UNLIMITED = (2**63 - 1) // 4096 * 4096
FAMILIES = {
    "memory_usage_bytes", "unreclaimable_memory_bytes", "anon_memory_bytes", "shmem_memory_bytes",
    "page_cache_bytes", "kernel_memory_bytes", "swap_memory_bytes", "footprint_bytes",
    "memory_limit_bytes", "headroom_bytes", "processes",
}


def need_memory_cgroups():
    need_root()
    if not (V1_ROOT / "memory.usage_in_bytes").is_file() or not os.access(V1_ROOT, os.W_OK):
        pytest.skip("needs the memory controller of cgroup v1 at /sys/fs/cgroup/memory, writable")


class Cgroup:
    """A real one of v1's memory controller, made here; `path` is as /proc/PID/cgroup has it."""

    def __init__(self, path):
        self.path = os.fsencode(path)
        os.mkdir(self.directory)

    @property
    def directory(self):
        return os.fsencode(V1_ROOT) + self.path

    @property
    def label(self):
        return self.path.decode()

    def child(self, name, limit=None):
        new = Cgroup(self.path + b"/" + os.fsencode(name))
        if limit is not None:
            new.write("memory.limit_in_bytes", limit)
        return new

    def write(self, name, value):
        with open(os.path.join(self.directory, name.encode()), "w") as file:
            file.write(str(value))

    def read(self, name):
        with open(os.path.join(self.directory, name.encode())) as file:
            return file.read()

    def add(self, pid):
        """Moves a process here. What it holds already stays charged where it was."""
        self.write("cgroup.procs", pid)

    def values(self):
        return v1_values(self.directory)

    def rename(self, name):
        new = os.path.join(os.path.dirname(self.path), os.fsencode(name))
        os.rename(self.directory, os.fsencode(V1_ROOT) + new)
        self.path = new

    def remove(self):
        """With all below it, when all processes have gone."""
        remove_tree(self.directory)


def remove_tree(top):
    for directory, _, _ in os.walk(top, topdown=False):
        # The end of a process leaves its cgroup a moment later.
        wait_for(f"the removal of {directory}", lambda: _rmdir(directory))


def _rmdir(directory):
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def _file(directory, name):
    try:
        return (pathlib.Path(os.fsdecode(directory)) / name).read_text()
    except FileNotFoundError:
        return None


def _number(directory, name):
    text = _file(directory, name)
    return int(text) if text is not None and text.strip() != "max" else None


def stat_of(directory):
    return {key: int(value) for key, value in
            re.findall(r"^(\S+) (\d+)$", _file(directory, "memory.stat"), re.M)}


def processes_below(directory):
    """The pids in a cgroup and in all cgroups below it."""
    pids = set()
    for folder, _, _ in os.walk(os.fsencode(directory)):
        pids.update(int(pid) for pid in (_file(folder, "cgroup.procs") or "").split())
    return pids


def v1_values(directory):
    """{suffix of the family: value} by Documentation/admin-guide/cgroup-v1/memory.rst."""
    stat = stat_of(directory)
    usage = _number(directory, "memory.usage_in_bytes")
    limit = _number(directory, "memory.limit_in_bytes")
    values = {
        "memory_usage_bytes": usage,
        "unreclaimable_memory_bytes":
            usage - stat["total_active_file"] - stat["total_inactive_file"],
        "anon_memory_bytes": stat["total_rss"],
        "shmem_memory_bytes": stat["total_shmem"],
        "page_cache_bytes": stat["total_cache"] - stat["total_shmem"],
        "kernel_memory_bytes": _number(directory, "memory.kmem.usage_in_bytes"),
        "swap_memory_bytes": stat.get("total_swap"),
        "memory_limit_bytes": limit if limit < V1_UNLIMITED else None,
    }
    return _known(directory, values)


# What memory.stat of v2 says of pages that are in memory; together all of a cgroup's.
LRU_LISTS = ("inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable")


def v2_values(directory):
    """{suffix of the family: value} by Documentation/admin-guide/cgroup-v2.rst."""
    stat = stat_of(directory)
    usage = _number(directory, "memory.current")
    pages = sum(stat[name] for name in LRU_LISTS)
    # Before 5.18 there is no `kernel`: it is what is no page.
    kernel = stat["kernel"] + stat["sock"] if "kernel" in stat else max(0, usage - pages)
    values = {
        "memory_usage_bytes": usage,
        "unreclaimable_memory_bytes": usage - stat["active_file"] - stat["inactive_file"]
                                      - stat["slab_reclaimable"],
        "anon_memory_bytes": stat["anon"],
        "shmem_memory_bytes": stat["shmem"],
        "page_cache_bytes": stat["file"] - stat["shmem"],
        "kernel_memory_bytes": kernel,
        "swap_memory_bytes": _number(directory, "memory.swap.current"),
        "memory_limit_bytes": _number(directory, "memory.max"),
    }
    # Pages that were read back are mapped again, and keep their place in the swap for a while.
    in_both = max(0, stat.get("swapcached", 0) - unmapped_swap_cache(directory))
    return _known(directory, values, in_both)


def unmapped_swap_cache(directory):
    """v2: pages in memory that are neither anonymous memory of a process nor of a file."""
    stat = stat_of(directory)
    return max(0, sum(stat[name] for name in LRU_LISTS) - stat["anon"] - stat["file"])


def _known(directory, values, in_both=0):
    values["footprint_bytes"] = (
        values["anon_memory_bytes"] + max(0, (values["swap_memory_bytes"] or 0) - in_both))
    values["processes"] = len(processes_below(directory))
    values["unreclaimable_memory_bytes"] = max(0, values["unreclaimable_memory_bytes"])
    return {name: value for name, value in values.items() if value is not None}


def headroom(chain, node):
    """The least of limit - unreclaimable over a cgroup and its ancestors, and the node's."""
    rooms = [max(0, values["memory_limit_bytes"] - values["unreclaimable_memory_bytes"])
             for values in chain if "memory_limit_bytes" in values]
    return min([*rooms, node])


def node_headroom(body):
    """By the same scrape's own figures, which the tests of the node hold against the kernel."""
    return (body.value("memleak_node_memory_available_bytes")
            + sum(value for _, value in body.find("memleak_node_swap_free_bytes")))


def exported(body, label):
    """{suffix: value} of all that one scrape says of one cgroup."""
    return {
        name.removeprefix("memleak_cgroup_"): value
        for (name, labels), value in body.samples.items()
        if name.startswith("memleak_cgroup_") and ("cgroup", label) in labels
    }


def labels_of(body, label):
    """The labels of a cgroup's series, the same on all of them."""
    found = {
        key[1] for key in body.samples
        if key[0].startswith("memleak_cgroup_") and ("cgroup", label) in key[1]
    }
    assert len(found) == 1, f"{len(found)} label sets of {label}"
    return dict(found.pop())


def kinds(body):
    """{kind: cgroups exported as that kind}"""
    found = {}
    for labels, _ in body.find("memleak_cgroup_memory_usage_bytes"):
        found.setdefault(labels["kind"], set()).add(labels["cgroup"])
    return found
