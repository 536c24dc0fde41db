"""A fleet of nodes as one Prometheus sees it: the series of every node and what they are worth at any
minute. There are a few drafts of a node, and every node is a copy of one under a name of its own: so the
same groups run on many nodes, and what the rules recorded of a draft is true of all its copies."""

import array
import functools
import random

import lives
import remote_write

JOB = "memleak"
GROUPS_OF_NODE = 100
PROCESSES_OF_NODE = 50
CONTAINERS_OF_NODE = 40
UNITS_OF_NODE = 20
# One in so many groups leaks.
ONE_LEAK_IN = 100
# Every node has these; the others are workloads that run on some.
DAEMONS = 40
NODES_OF_CLUSTER = 250
CACHES = ("dentry", "inode_cache", "kmalloc-64", "kmalloc-256", "kmalloc-1k", "task_struct",
          "vm_area_struct", "sock_inode_cache", "filp", "radix_tree_node")
RESOURCES = ("used", "swap", "slab_unreclaimable", "page_tables", "shmem", "vmalloc", "percpu")
COLLECTORS = ("process", "group", "cgroup", "meminfo", "node_trend", "swap", "vmstat", "pressure", "slab",
              "filefd", "process_count", "oom", "fd_kinds", "mappings", "jvm", "buddyinfo")
KINDS = ("socket", "pipe", "regular", "deleted", "eventfd", "eventpoll", "memfd", "other")
MAPPINGS = ("heap", "anonymous", "stack", "file", "shared", "other")
# Scrapes of different nodes are spread over the minute.
OFFSETS_MS = (1_700, 16_300, 31_900, 46_100)
# What is written at least, whatever the rules read.
BASE = {"memleak_%s_%s" % (kind, name)
        for kind in ("process", "group")
        for name in ("footprint_bytes", "headroom_bytes", "open_fds", "resident_memory_bytes",
                     "baseline_bytes", "leak_suspected", "growth_bytes_per_second")} | {
    "memleak_process_start_time_seconds", "memleak_group_oldest_start_time_seconds"}

# Family: its course, from a life.
COMMON = {
    "resident_memory_bytes": lambda life: life.resident,
    "anon_memory_bytes": lambda life: life.footprint,
    "shmem_memory_bytes": lambda life: float(lives.MIB),
    "swap_memory_bytes": lambda life: 0.0,
    "footprint_bytes": lambda life: life.footprint,
    "baseline_bytes": lambda life: life.footprint[0],
    "baseline_timestamp_seconds": lambda life: life.born + 720,
    "growth_bytes_per_second": lambda life: life.growth,
    "trend_window_seconds": lambda life: life.if_leaking(6 * 3600.0),
    "growth_start_time_seconds": lambda life: life.if_leaking(float(life.start)),
    "leak_suspected": lambda life: life.suspected,
    "headroom_bytes": lambda life: life.headroom,
    "exhaustion_seconds": lambda life: life.exhaustion,
    "shmem_growth_bytes_per_second": lambda life: 0.0,
    "shmem_leak_suspected": lambda life: 0.0,
}
MEMBERS = {
    "file_memory_bytes": lambda life: float(lives.FILES),
    "peak_resident_memory_bytes": lambda life: life.limit,
    "virtual_memory_bytes": lambda life: 8 * life.limit,
    "page_table_bytes": lambda life: float(lives.MIB // 2),
    "open_fds": lambda life: life.open_fds,
    "threads": lambda life: life.threads,
    "cpu_seconds_total": lambda life: life.cpu_seconds,
    "major_page_faults_total": lambda life: life.faults,
    "fd_growth_per_second": lambda life: life.fd_growth,
    "fd_leak_suspected": lambda life: life.suspected,
    "fd_exhaustion_seconds": lambda life: life.if_leaking(9e5),
}
PROCESS = COMMON | MEMBERS | {
    "max_fds": lambda life: 1024.0 if life.fds_level < 100 else 1048576.0,
    "start_time_seconds": lambda life: life.born,
}
GROUP = COMMON | MEMBERS | {
    "processes": lambda life: float(1 + life.fds_level % 7),
    "oldest_start_time_seconds": lambda life: life.born,
    "largest_footprint_bytes": lambda life: life.largest,
    "median_footprint_bytes": lambda life: life.median,
    "largest_start_time_seconds":
        lambda life: life.born + (0 if life.leaks or life.fds_level % 3 else 3600),
}
CGROUP = COMMON | {
    "processes": lambda life: float(1 + life.fds_level % 7),
    "memory_usage_bytes": lambda life: life.resident,
    "unreclaimable_memory_bytes": lambda life: life.footprint,
    "page_cache_bytes": lambda life: float(lives.FILES),
    "kernel_memory_bytes": lambda life: float(4 * lives.MIB),
    "memory_limit_bytes": lambda life: life.limit,
    "kernel_growth_bytes_per_second": lambda life: 0.0,
    "kernel_leak_suspected": lambda life: 0.0,
    "largest_footprint_bytes": lambda life: life.largest,
    "median_footprint_bytes": lambda life: life.median,
    "largest_start_time_seconds": lambda life: life.born,
}
# Of what is suspected only, and by a label more.
EVIDENCE = {
    "memleak_process_fds": ("kind", KINDS),
    "memleak_process_mapped_memory_bytes": ("mapping", MAPPINGS),
}
OOM = {
    "memleak_oom_kills_total": lambda life: 1.0,
    "memleak_oom_last_kill_timestamp_seconds": lambda life: life.start + 3600.0,
    "memleak_oom_last_kill_anon_memory_bytes": lambda life: life.limit,
    "memleak_oom_last_kill_baseline_ratio": lambda life: 7.5,
}
MEMORY = 64 << 30
SWAP = 4 << 30
NODE = {
    "memleak_node_memory_total_bytes": lambda life: float(MEMORY),
    "memleak_node_memory_available_bytes": lambda life: life.available,
    "memleak_node_memory_free_bytes": lambda life: life.free,
    "memleak_node_memory_slab_unreclaimable_bytes": lambda life: life.slab,
    "memleak_node_swap_total_bytes": lambda life: float(SWAP),
    "memleak_node_swap_free_bytes": lambda life: life.swap_free,
    "memleak_node_swap_in_bytes_total": lambda life: life.faults,
    "memleak_node_swap_out_bytes_total": lambda life: life.faults,
    "memleak_node_major_page_faults_total": lambda life: life.faults,
    "memleak_node_oom_kills_total": lambda life: 0.0,
    "memleak_node_memory_pressure_waiting_seconds_total": lambda life: life.cpu_seconds,
    "memleak_node_memory_pressure_stalled_seconds_total": lambda life: life.faults,
    "memleak_node_open_files": lambda life: life.free,
    "memleak_node_max_open_files": lambda life: 9e6,
    "memleak_node_processes": lambda life: life.open_fds,
    "memleak_node_threads": lambda life: life.open_fds,
    "memleak_node_processes_hidden": lambda life: 0.0,
    "memleak_node_exhaustion_seconds": lambda life: life.exhaustion,
} | {f"memleak_node_memory_{name}_bytes": lambda life: life.slab
     for name in ("buffers", "cached", "anon", "shmem", "slab_reclaimable", "page_tables", "kernel_stack",
                  "vmalloc_used", "percpu", "committed", "commit_limit")}
NODE_BY = {
    "memleak_node_slab_cache_bytes": ("cache", CACHES, lambda life: life.slab),
    "memleak_node_growth_bytes_per_second": ("resource", RESOURCES, lambda life: 0.0),
    "memleak_node_leak_suspected": ("resource", RESOURCES, lambda life: 0.0),
    "memleak_scrape_collector_success": ("collector", COLLECTORS, lambda life: 1.0),
    "memleak_scrape_collector_duration_seconds": ("collector", COLLECTORS, lambda life: life.duration),
    "memleak_scrape_processes": ("result", ("exported", "grouped", "gone", "malformed"),
                                 lambda life: life.open_fds),
    "memleak_scrape_reads_denied_total": ("field", ("exe", "fds", "kernel_log", "slab"),
                                          lambda life: 0.0),
    "memleak_scrape_evidence_reads_total": ("result", ("read", "denied", "gone", "late"),
                                            lambda life: life.faults),
}
OWN = {
    "up": lambda life: 1.0,
    "scrape_duration_seconds": lambda life: life.duration,
    "scrape_samples_scraped": lambda life: 2500.0,
    "memleak_exporter_build_info": lambda life: 1.0,
    "memleak_scrape_suspects_cut": lambda life: 0.0,
    "memleak_slow_reads_stuck": lambda life: 0.0,
    "memleak_trend_entities": lambda life: life.open_fds,
    "process_start_time_seconds": lambda life: life.born,
    "process_resident_memory_bytes": lambda life: life.footprint,
    "process_virtual_memory_bytes": lambda life: life.resident,
    "process_cpu_seconds_total": lambda life: life.cpu_seconds,
    "process_open_fds": lambda life: life.open_fds,
    "process_max_fds": lambda life: 1024.0,
}
# What an exporter can say, and a healthy fleet of these nodes does not.
SILENT = {"memleak_jvm_old_generation_used_bytes", "memleak_jvm_old_generation_capacity_bytes",
          "memleak_jvm_old_generation_max_bytes", "memleak_jvm_old_generation_after_full_collection_bytes",
          "memleak_jvm_metaspace_used_bytes", "memleak_jvm_metaspace_capacity_bytes",
          "memleak_jvm_collections_total", "memleak_process_proportional_memory_bytes",
          "memleak_node_buddy_free_blocks"}


class NodeLife(lives.Life):
    """A node's own course; its memory is far from full, and its slabs move a little."""

    def __init__(self, rng, minutes, start):
        super().__init__(rng, minutes, start, lives.pages(rng.uniform(0.2, 0.6) * MEMORY))
        self.available = array.array("d", (max(float(MEMORY) - x, 2.0 * lives.MIB) for x in self.footprint))
        self.free = array.array("d", (lives.pages(0.3 * x) for x in self.available))
        slab = rng.uniform(200, 900) * lives.MIB
        self.slab = self.course(lambda i: lives.pages(slab * (1 + 0.01 * rng.random())))
        self.swap_free = float(SWAP) if rng.random() < 0.5 else lives.pages(0.9 * SWAP)
        self.duration = self.course(lambda i: 0.02 + 0.005 * rng.random())


def families():
    """The names of all that can be simulated."""
    names = set(EVIDENCE) | set(OOM) | set(NODE) | set(NODE_BY) | set(OWN) | SILENT
    names |= {"memleak_process_info"}
    for kind, table in (("process", PROCESS), ("group", GROUP), ("cgroup", CGROUP)):
        names |= {f"memleak_{kind}_{name}" for name in table}
    return names


def target(number):
    """The labels that Prometheus gives whatever it scrapes from a node."""
    name = f"node-{number:04}.example.net"
    return {"cluster": f"cluster-{number // NODES_OF_CLUSTER + 1:02}", "instance": name, "job": JOB,
            "node": name}


class Draft:
    """What runs on a node: [(labels without those of the target, course)], all scraped at one moment."""

    def __init__(self, rng, number, pool, life, workloads, wanted):
        self.offset = OFFSETS_MS[number % len(OFFSETS_MS)]
        self.series = []
        self._wanted = wanted
        self._add_node(life)
        members = []
        for size, labels in workloads:
            member = pool.pick(rng, size, rng.random() * ONE_LEAK_IN < 1)
            members.append((labels, member))
            self._add("memleak_group_", GROUP, labels, member)
        # The largest are shown one by one, and what is suspected first.
        members.sort(key=lambda each: (each[1].leaks, each[1].level), reverse=True)
        for i, (labels, member) in enumerate(members[:PROCESSES_OF_NODE]):
            comm = labels["group"].rpartition("/")[2][:15]
            process = labels | {"comm": comm, "pid": str(1000 + 37 * i)}
            if "namespace" in labels:
                process["pod"] = pod_of(labels, number)
            self._add("memleak_process_", PROCESS, process, member)
            self._append("memleak_process_info", process | {
                "exe": f"/usr/bin/{comm}", "user": "root", "runtime": "native",
                "cgroup": f"/kubepods.slice/{number}/{i}"}, 1.0)
            if member.leaks:
                self._add_evidence(process, member)
        contained = [each for each in members if "namespace" in each[0]]
        daemons = [each for each in members if "namespace" not in each[0]]
        for labels, member in contained[:CONTAINERS_OF_NODE]:
            pod = pod_of(labels, number)
            self._add("memleak_cgroup_", CGROUP, labels | {
                "cgroup": f"/kubepods.slice/kubepods-burstable.slice/{pod}/{labels['container']}",
                "kind": "container", "pod": pod}, member)
        for labels, member in daemons[:UNITS_OF_NODE]:
            unit = labels["group"] + ".service"
            self._add("memleak_cgroup_", CGROUP, labels | {
                "cgroup": f"/system.slice/{unit}", "kind": "unit", "unit": unit}, member)
        if number == 0:
            for name, course in OOM.items():
                self._append(name, members[0][0] | {"scope": "cgroup"}, course(members[0][1]))

    def _append(self, name, labels, course):
        if name in self._wanted and course is not None:
            self.series.append((labels | {"__name__": name}, course))

    def _add(self, prefix, table, labels, life):
        for name, course in table.items():
            if prefix + name in self._wanted:
                self._append(prefix + name, labels, course(life))

    def _add_evidence(self, labels, life):
        for name, (label, values) in EVIDENCE.items():
            for value in values:
                self._append(name, labels | {label: value}, life.open_fds)

    def _add_node(self, life):
        for table in (NODE, OWN):
            self._add("", table, {}, life)
        for name, (label, values, course) in NODE_BY.items():
            for value in values:
                self._append(name, {label: value}, course(life))


def pod_of(labels, number):
    return "%s-7d4b9c8f5d-%05x" % (labels["container"], number * 7919 % 0xfffff)


def catalogue():
    """[(size, labels)] of the daemons of every node, and of the workloads that run on some."""
    daemons = [(i, {"group": f"daemon-{i:02}"}) for i in range(DAEMONS)]
    workloads = []
    for i in range(2 * (GROUPS_OF_NODE - DAEMONS)):
        namespace, name = f"team-{i % 23:02}", f"service-{i:04}"
        workloads.append((i, {"namespace": namespace, "container": name,
                              "group": f"{namespace}/{name}/{name}"}))
    return daemons, workloads


class Drafts:
    """`start` and `minutes`: the time that the courses cover, in seconds since 1970 and in minutes."""

    def __init__(self, start, minutes, wanted, count, seed=6):
        missing = {name for name in wanted if name not in families()}
        if missing:
            raise LookupError("not simulated: " + ", ".join(sorted(missing)))
        rng = random.Random(seed)
        self.start = start
        self.minutes = minutes
        pool = lives.Pool(rng, minutes, start)
        daemons, workloads = catalogue()
        self.drafts = [
            Draft(rng, i, pool, NodeLife(rng, minutes, start),
                  daemons + rng.sample(workloads, GROUPS_OF_NODE - DAEMONS), wanted | BASE)
            for i in range(count)]


class Fleet:
    """Nodes made from drafts, in turn. Node N is the first copy of draft N."""

    def __init__(self, drafts, nodes):
        self.start = drafts.start
        self.minutes = drafts.minutes
        self.nodes = nodes
        self._drafts = drafts.drafts
        # Per draft: its scrapes' moment, and [(encoded labels of each copy, course)].
        self._series = []
        for i, draft in enumerate(self._drafts):
            copies = [target(number) for number in range(i, nodes, len(self._drafts))]
            self._series.append((draft.offset, [
                ([remote_write.labels(sorted((labels | copy).items())) for copy in copies], course)
                for labels, course in draft.series]))
        self.series = sum(len(copies) for _, all_of in self._series for copies, _ in all_of)

    def write(self, writer, first, last, step=1):
        """The scrapes of the minutes first to last-1, or of each `step`th."""
        minutes = range(first, last, step)
        if not minutes:
            return
        for offset, all_of in self._series:
            times = remote_write.Times([(self.start + 60 * i) * 1000 + offset for i in minutes])
            for copies, course in all_of:
                values = (array.array("d", [course]) * len(minutes) if isinstance(course, float)
                          else course[first:last:step])
                samples = times.samples(values)
                for labels in copies:
                    writer.add(labels, samples)
        writer.flush()

    def copies_of(self, labels):
        """What was recorded of a draft's own node, as the encoded labels of all its copies; what is of
        no single node once."""
        number = self._numbers.get(labels.get("instance"))
        if number is None:
            return [remote_write.labels(sorted(labels.items()))]
        return [remote_write.labels(sorted((labels | {
            name: value for name, value in target(copy).items() if name in labels}).items()))
            for copy in range(number, self.nodes, len(self._drafts))]

    @functools.cached_property
    def _numbers(self):
        return {target(number)["instance"]: number for number in range(len(self._drafts))}
