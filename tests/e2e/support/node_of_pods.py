"""A Kubernetes node as a tree of files: processes, cgroups (v2, systemd driver, containerd), logs.

What stands where follows the kubelet (pkg/kubelet/cm/cgroup_manager_linux.go, and in
pkg/kubelet/kuberuntime helpers.go for /var/log/pods, legacy.go for /var/log/containers), containerd
(internal/cri/server/podsandbox/helpers.go) and, for the files' contents, the recorded hosts in
tests/recordings. Sizes are made up so that sums can be checked.
"""

import dataclasses
import hashlib
import itertools
import os
import pathlib
import shutil
import uuid

from support.fixtures import FIXTURES, flags

MIB = 1 << 20
PAGE = 4096
NODE = "worker-a17"
# The letters that Kubernetes makes names of (apimachinery, pkg/util/rand).
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
BTIME = 1_700_000_000
UPTIME = 864_000.0


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def suffix(seed):
    """What a controller appends to a name; the same for the same seed."""
    return "".join(LETTERS[byte % len(LETTERS)] for byte in bytes.fromhex(_digest(seed))[:5])


def template_hash(seed):
    """Of a ReplicaSet: the digits of a number, made into letters (SafeEncodeString)."""
    number = int(_digest(seed)[:8], 16)
    return "".join(LETTERS[ord(digit) % len(LETTERS)] for digit in str(number))


@dataclasses.dataclass
class Container:
    name: str
    anon: int = 40 * MIB
    exe: str = "/app/server"
    arguments: tuple = ()
    limit: int | None = None
    processes: int = 1
    comm: str | None = None


@dataclasses.dataclass
class Pod:
    namespace: str
    name: str
    containers: list
    qos: str = "burstable"  # or "besteffort", "guaranteed"
    static: bool = False
    sandbox: bool = True

    @property
    def uid(self):
        """A static pod's is the hash of its manifest, without dashes."""
        digest = _digest(f"uid {self.namespace}/{self.name}")
        return digest[:32] if self.static else str(uuid.UUID(digest[:32], version=4))

    def container_id(self, name):
        return _digest(f"{self.namespace}/{self.name}/{name}")

    @property
    def log_directory(self):
        return f"{self.namespace}_{self.name}_{self.uid}"

    @property
    def cgroup(self):
        parent = "/kubepods.slice"
        prefix = "kubepods"
        if self.qos != "guaranteed":
            prefix += "-" + self.qos
            parent += f"/{prefix}.slice"
        return f"{parent}/{prefix}-pod{self.uid.replace('-', '_')}.slice"

    def cgroup_of(self, container_name):
        return f"{self.cgroup}/cri-containerd-{self.container_id(container_name)}.scope"


# The name of a pod's sandbox among its containers: the kubelet keeps no log of it.
SANDBOX = "(sandbox)"


class NodeOfPods:
    """The tree, and what changes in it. Start the exporter with `flags`."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.pids = itertools.count(1000)
        self.pids_of = {}  # [(pid, anonymous memory)] by cgroup
        self.pods = []
        self.uptime = UPTIME
        self._written = {}  # text by path, of the cgroups' files
        for name in ("proc/pressure", "proc/sys/fs", "proc/sys/kernel", "etc", "var/log/pods",
                     "var/log/containers", "sys/fs/cgroup"):
            (self.root / name).mkdir(parents=True)
        ordinary = FIXTURES / "ordinary"
        shutil.copy(ordinary / "etc/passwd", self.root / "etc/passwd")
        self._limits = shutil.copy(ordinary / "proc/310/limits", self.root / "limits")
        (self.root / "etc/hostname").write_text(NODE + "\n")
        (self.root / "proc/sys/kernel/hostname").write_text(NODE + "\n")
        self._write_node()
        self.make_cgroup("/")
        self.add_process("/init.scope", "/usr/lib/systemd/systemd", anon=8 * MIB, comm="systemd",
                         pid=1)

    @property
    def flags(self):
        return flags(self.root)

    def pass_time(self, seconds):
        """The node's clock: nothing else of a tree of files moves."""
        self.uptime += seconds
        replace(self.root / "proc/uptime", f"{self.uptime} {self.uptime}\n")

    def _write_node(self):
        proc = self.root / "proc"
        (proc / "uptime").write_text(f"{UPTIME} {UPTIME}\n")
        (proc / "stat").write_text(
            "cpu  100000 0 100000 1000000 0 0 0 0 0 0\ncpu0 100000 0 100000 1000000 0 0 0 0 0 0\n"
            f"intr 1\nctxt 1\nbtime {BTIME}\nprocesses 9999\nprocs_running 1\nprocs_blocked 0\n")
        text = (FIXTURES / "ordinary/proc/meminfo").read_text()
        for old, new in (("MemTotal:        8000000", "MemTotal:       65000000"),
                         ("MemFree:         1000000", "MemFree:        20000000"),
                         ("MemAvailable:    4500000", "MemAvailable:   40000000"),
                         ("SwapTotal:       2000000", "SwapTotal:             0"),
                         ("SwapFree:        1990000", "SwapFree:              0")):
            assert old in text
            text = text.replace(old, new)
        (proc / "meminfo").write_text(text)
        for name in ("vmstat", "slabinfo", "buddyinfo", "loadavg", "pressure/memory",
                     "sys/fs/file-nr"):
            shutil.copyfile(FIXTURES / "ordinary/proc" / name, proc / name)

    # Cgroups

    def cgroup_directory(self, path):
        return self.root / "sys/fs/cgroup" / path.strip("/")

    def make_cgroup(self, path, limit=None):
        """With its parents. Its files are written by `settle()`."""
        directory = self.cgroup_directory(path)
        for missing in [*reversed(directory.parents), directory]:
            if missing.exists() or not missing.is_relative_to(self.root / "sys/fs/cgroup"):
                continue
            missing.mkdir()
        if limit is not None:
            (directory / "memory.max").write_text(f"{limit}\n")
        return directory

    def settle(self):
        """Writes the figures of all cgroups: each is what its processes hold, and those below."""
        self._settle(self.cgroup_directory("/"), "/")

    def _settle(self, directory, path):
        own = self.pids_of.get(path, [])
        anon = sum(size for _, size in own)
        procs = "".join(f"{pid}\n" for pid, _ in own)
        children = [entry for entry in directory.iterdir() if entry.is_dir()]
        for child in children:
            anon += self._settle(child, f"{path.rstrip('/')}/{child.name}")
        self._write(directory / "cgroup.procs", procs)
        self._write(directory / "cgroup.controllers", "cpuset cpu io memory hugetlb pids\n")
        self._write(directory / "memory.stat", memory_stat(anon))
        if path != "/":
            self._write(directory / "cgroup.type", "domain\n")
            self._write(directory / "memory.current", f"{usage_of(anon)}\n")
            self._write(directory / "memory.swap.current", "0\n")
            self._write(directory / "memory.swap.max", "max\n")
            self._write(directory / "cgroup.events", f"populated {int(bool(anon))}\nfrozen 0\n")
            if not (directory / "memory.max").exists():
                (directory / "memory.max").write_text("max\n")
        return anon

    def _write(self, path, text):
        """Only what changed: there are thousands of them."""
        if self._written.get(path) != text or not path.exists():
            path.write_text(text)
            self._written[path] = text

    # Processes

    def add_process(self, cgroup, exe, arguments=(), anon=MIB, comm=None, pid=None, ppid=1,
                    uid=0, threads=1):
        pid = next(self.pids) if pid is None else pid
        directory = self.root / "proc" / f".new-{pid}"
        directory.mkdir()
        name = (comm or os.path.basename(exe))[:15]
        (directory / "stat").write_text(stat_line(pid, name, ppid, threads, anon))
        (directory / "status").write_text(status_text(pid, name, ppid, uid, threads, anon))
        (directory / "cmdline").write_bytes(
            b"".join(os.fsencode(word) + b"\0" for word in (exe, *arguments)))
        (directory / "cgroup").write_bytes(os.fsencode(f"0::{cgroup}\n"))
        (directory / "exe").symlink_to(exe)
        os.link(self._limits, directory / "limits")
        (directory / "fd").mkdir()
        for number in range(4):
            (directory / "fd" / str(number)).symlink_to("/dev/null")
        directory.rename(self.root / "proc" / str(pid))
        self.make_cgroup(cgroup)
        self.pids_of.setdefault(cgroup, []).append((pid, anon))
        return pid

    def grow(self, size):
        """Every process by so much, and the cgroups with them. Kernel threads stay as they are."""
        for processes in self.pids_of.values():
            for index, (pid, anon) in enumerate(processes):
                if anon == 0:
                    continue
                processes[index] = (pid, anon + size)
                path = self.root / "proc" / str(pid) / "status"
                kib, new, file = anon // 1024, (anon + size) // 1024, 8000
                text = path.read_text()
                for old, now in ((f"RssAnon:\t{kib:8}", f"RssAnon:\t{new:8}"),
                                 (f"VmRSS:\t{kib + file:8}", f"VmRSS:\t{new + file:8}")):
                    assert old in text
                    text = text.replace(old, now)
                replace(path, text)
        self.settle()

    def add_evidence(self, jvm, smaps):
        """What is read of suspects: of every process mappings and, as if it were a JVM of ours, a
        heap."""
        for pid in [pid for processes in self.pids_of.values() for pid, anon in processes if anon]:
            directory = self.root / "proc" / str(pid)
            (directory / "smaps").write_text(smaps)
            (directory / "maps").write_text(
                "".join(line for line in smaps.splitlines(True) if " kB" not in line))
            folder = directory / "root" / "tmp" / "hsperfdata_app"
            folder.mkdir(parents=True)
            os.link(jvm, folder / str(pid))

    def write_kernel_log(self, records):
        """As /dev/kmsg has them, one to a line."""
        (self.root / "dev").mkdir(exist_ok=True)
        (self.root / "dev" / "kmsg").write_text("".join(records))

    def add_kernel_thread(self, name):
        """Without Vm lines, command line, executable; in the root cgroup."""
        pid = next(self.pids)
        directory = self.root / "proc" / str(pid)
        directory.mkdir()
        (directory / "stat").write_text(stat_line(pid, name, 2, 1, 0, kernel=True))
        status = status_text(pid, name, 2, 0, 1, 0)
        (directory / "status").write_text("".join(
            line for line in status.splitlines(True) if not line.startswith(("Vm", "Rss"))))
        (directory / "cmdline").write_bytes(b"")
        (directory / "cgroup").write_text("0::/\n")
        (directory / "fd").mkdir()
        self.pids_of.setdefault("/", []).append((pid, 0))

    def add_unit(self, unit, exe, anon, limit=None, arguments=(), processes=1):
        path = f"/system.slice/{unit}"
        self.make_cgroup(path, limit)
        for _ in range(processes):
            self.add_process(path, exe, arguments, anon=anon)

    # Pods

    def add_pod(self, pod, logs=True):
        limits = [container.limit for container in pod.containers]
        self.make_cgroup(pod.cgroup, None if None in limits else sum(limits))
        if pod.sandbox:
            self.make_cgroup(pod.cgroup_of(SANDBOX))
            self.add_process(pod.cgroup_of(SANDBOX), "/pause", anon=PAGE * 10)
        for container in pod.containers:
            cgroup = pod.cgroup_of(container.name)
            self.make_cgroup(cgroup, container.limit)
            for _ in range(container.processes):
                self.add_process(cgroup, container.exe, container.arguments,
                                 anon=container.anon // container.processes, comm=container.comm,
                                 threads=8)
        if logs:
            self.add_logs(pod)

    def add_logs(self, pod):
        for container in pod.containers:
            directory = self.root / "var/log/pods" / pod.log_directory / container.name
            directory.mkdir(parents=True)
            (directory / "0.log").write_text("")
            link = f"{pod.name}_{pod.namespace}_{container.name}-{pod.container_id(container.name)}"
            # The kubelet cuts what no file name can hold.
            (self.root / "var/log/containers" / f"{link[:251]}.log").symlink_to(
                f"/var/log/pods/{pod.log_directory}/{container.name}/0.log")

    def remove_pod(self, pod):
        for path in [path for path in self.pids_of if path.startswith(pod.cgroup + "/")]:
            for pid, _ in self.pids_of.pop(path):
                gone = self.root / "proc" / f".gone-{pid}"
                (self.root / "proc" / str(pid)).rename(gone)
                shutil.rmtree(gone)
        gone = self.root / "sys/fs" / f".gone-{pod.uid}"
        self.cgroup_directory(pod.cgroup).rename(gone)
        shutil.rmtree(gone)
        self.remove_logs(pod)

    def remove_logs(self, pod):
        shutil.rmtree(self.root / "var/log/pods" / pod.log_directory, ignore_errors=True)
        for link in (self.root / "var/log/containers").glob(f"{pod.name}_{pod.namespace}_*.log"):
            link.unlink()


def replace(path, text):
    new = path.with_name(f".new-{path.name}")
    new.write_text(text)
    new.rename(path)


# By hand, so that each part of a cgroup's usage is known from its processes' anonymous memory.
def memory_stat(anon):
    parts = parts_of(anon)
    values = {
        "anon": anon, "file": parts["file"], "kernel": parts["kernel"],
        "kernel_stack": parts["kernel"] // 4, "pagetables": parts["kernel"] // 4,
        "sec_pagetables": 0, "percpu": 0, "sock": 0, "vmalloc": 0, "shmem": parts["shmem"],
        "zswap": 0, "zswapped": 0, "file_mapped": 0, "file_dirty": 0, "file_writeback": 0,
        "swapcached": 0, "anon_thp": 0, "file_thp": 0, "shmem_thp": 0,
        "inactive_anon": anon // PAGE // 2 * PAGE + parts["shmem"],
        "active_anon": anon - anon // PAGE // 2 * PAGE,
        "inactive_file": parts["inactive_file"], "active_file": parts["active_file"],
        "unevictable": 0, "slab_reclaimable": parts["kernel"] // 4,
        "slab_unreclaimable": parts["kernel"] // 4, "slab": parts["kernel"] // 2,
        "workingset_refault_anon": 0, "workingset_refault_file": 0, "pgfault": 1000,
        "pgmajfault": 0,
    }
    return "".join(f"{key} {value}\n" for key, value in values.items())


def parts_of(anon):
    shmem = anon // 16 // PAGE * PAGE
    cache = anon // 4 // PAGE * PAGE
    active = cache // 2 // PAGE * PAGE
    return {"file": cache + shmem, "shmem": shmem, "active_file": active,
            "inactive_file": cache - active, "kernel": anon // 32 // PAGE * PAGE}


def usage_of(anon):
    parts = parts_of(anon)
    return anon + parts["file"] + parts["kernel"]


def stat_line(pid, comm, ppid, threads, anon, kernel=False):
    flags_, pages, vsize = (2129984, 0, 0) if kernel else (4194560, anon // PAGE + 2000, anon * 3)
    return (f"{pid} ({comm}) S {ppid} {pid} {pid} 0 -1 {flags_} 100 0 10 0 3600 400 0 0 20 0"
            f" {threads} 0 {2000 + pid} {vsize} {pages} 18446744073709551615 94200000000000"
            " 94200000100000 140720000001000 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94200000200000"
            " 94200000210000 94200001000000 140720000000000 140720000000100 140720000000100"
            " 140720000001000 0\n")


def status_text(pid, comm, ppid, uid, threads, anon):
    kib, file = anon // 1024, 8000
    return (
        f"Name:\t{comm}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\n"
        f"PPid:\t{ppid}\nTracerPid:\t0\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
        f"Gid:\t{uid}\t{uid}\t{uid}\t{uid}\nFDSize:\t64\nGroups:\t \n"
        f"NStgid:\t{pid}\nNSpid:\t{pid}\n"
        f"VmPeak:\t{3 * kib:8} kB\nVmSize:\t{3 * kib:8} kB\nVmLck:\t       0 kB\n"
        f"VmPin:\t       0 kB\nVmHWM:\t{kib + file:8} kB\nVmRSS:\t{kib + file:8} kB\n"
        f"RssAnon:\t{kib:8} kB\nRssFile:\t{file:8} kB\nRssShmem:\t       0 kB\n"
        f"VmData:\t{kib:8} kB\nVmStk:\t     132 kB\nVmExe:\t     900 kB\nVmLib:\t    3000 kB\n"
        f"VmPTE:\t     100 kB\nVmSwap:\t       0 kB\nHugetlbPages:\t       0 kB\nCoreDumping:\t0\n"
        f"Threads:\t{threads}\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n")


# What runs on an ordinary node.
_DEPLOYMENTS = ("checkout", "cart", "catalog", "search", "payment", "shipping", "email", "frontend",
                "recommend", "ad-service", "currency", "inventory", "pricing", "orders", "invoice",
                "gateway", "auth", "profile", "reviews", "images")
_DAEMONS = (("kube-system", "kube-proxy", "/usr/local/bin/kube-proxy"),
            ("kube-system", "cilium", "/usr/bin/cilium-agent"),
            ("kube-system", "ebs-csi-node", "/bin/aws-ebs-csi-driver"),
            ("monitoring", "node-exporter", "/bin/node_exporter"),
            ("logging", "fluent-bit", "/fluent-bit/bin/fluent-bit"))
_UNITS = (("kubelet.service", "/usr/bin/kubelet", 120), ("containerd.service",
                                                          "/usr/bin/containerd", 90),
          ("systemd-journald.service", "/usr/lib/systemd/systemd-journald", 30),
          ("systemd-udevd.service", "/usr/lib/systemd/systemd-udevd", 8),
          ("systemd-logind.service", "/usr/lib/systemd/systemd-logind", 4),
          ("systemd-resolved.service", "/usr/lib/systemd/systemd-resolved", 10),
          ("systemd-networkd.service", "/usr/lib/systemd/systemd-networkd", 6),
          ("ssh.service", "/usr/sbin/sshd", 5), ("chrony.service", "/usr/sbin/chronyd", 3),
          ("dbus.service", "/usr/bin/dbus-daemon", 4), ("cron.service", "/usr/sbin/cron", 2),
          ("rsyslog.service", "/usr/sbin/rsyslogd", 6), ("polkit.service",
                                                         "/usr/lib/polkit-1/polkitd", 8),
          ("snapd.service", "/usr/lib/snapd/snapd", 40))


def deployment(namespace, name, replica, containers, **kwargs):
    name = f"{name}-{template_hash(name)}-{suffix(f'{name} {replica}')}"
    return Pod(namespace, name, containers, **kwargs)


def ordinary_pods():
    """110: DaemonSets, a static pod, StatefulSets, CronJobs, and Deployments with sidecars."""
    pods = [Pod(namespace, f"{name}-{suffix(name)}", [
        Container(name, anon=60 * MIB, exe=exe, limit=300 * MIB)])
        for namespace, name, exe in _DAEMONS]
    pods.append(Pod("kube-system", f"kube-vip-{NODE}", [
        Container("kube-vip", anon=25 * MIB, exe="/kube-vip")], static=True))
    for name, size in (("postgres", 900), ("kafka", 1500), ("redis", 300), ("minio", 250)):
        pods.append(Pod("data", f"{name}-{len(pods) % 3}", [
            Container(name, anon=size * MIB, exe=f"/usr/bin/{name}", limit=2 * size * MIB),
            Container("metrics", anon=15 * MIB, exe=f"/bin/{name}_exporter", limit=64 * MIB),
        ], qos="guaranteed"))
    for name, minute in (("report", 28_561_234), ("backup", 28_561_200)):
        pods.append(Pod("batch", f"{name}-{minute}-{suffix(name)}", [
            Container("job", anon=80 * MIB, exe="/usr/bin/python3",
                      arguments=(f"/opt/{name}.py",), comm="python3")], qos="besteffort"))
    replica = 0
    while len(pods) < 110:
        name = _DEPLOYMENTS[replica % len(_DEPLOYMENTS)]
        containers = [Container("app", anon=(30 + 7 * (replica % 40)) * MIB,
                                exe="/usr/lib/jvm/java-17/bin/java",
                                arguments=("-jar", f"/app/{name}.jar"), comm="java",
                                limit=512 * MIB if replica % 3 else None)]
        if replica % 4 == 0:
            containers.append(Container("istio-proxy", anon=50 * MIB, exe="/usr/local/bin/envoy",
                                        limit=256 * MIB, processes=2))
        namespace = "shop" if replica % 2 else "shop-staging"
        pods.append(deployment(namespace, name, replica, containers))
        replica += 1
    return pods


def ordinary_node(root):
    node = NodeOfPods(root)
    for unit, exe, size in _UNITS:
        node.add_unit(unit, exe, size * MIB)
    node.add_unit("limited.service", "/usr/bin/limited", 20 * MIB, limit=200 * MIB)
    node.make_cgroup("/kubepods.slice", 60_000 * MIB)
    for number in range(120):
        node.add_kernel_thread(f"kworker/{number}:0")
    node.add_process("/user.slice/user-1000.slice/session-3.scope", "/bin/bash", anon=5 * MIB,
                     uid=1000)
    node.pods = ordinary_pods()
    for pod in node.pods:
        node.add_pod(pod)
    node.settle()
    return node
