"""JVMs that do what they are told, and what the JDK's own tools say of them."""

import os
import pathlib
import subprocess

from support.exporter import REPOSITORY
from support.programs import Program
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS, wait_for

SOURCE = REPOSITORY / "tests" / "e2e" / "programs" / "jvm" / "Heap.java"

# A place of its own: pids, and a /tmp that nobody else sees. $0 is where the classes are.
IN_A_PLACE = 'mount --bind "$0" /mnt && mount -t tmpfs -o mode=1777 tmpfs /tmp && exec "$@"'


def build(directory):
    """Compiles Heap; returns its class path."""
    need_tool("java")
    subprocess.run([need_tool("javac"), "-d", directory, SOURCE], check=True)
    return directory


class Heap(Program):
    """programs/jvm/Heap.java."""

    def __init__(self, classes, *flags, contained=False):
        self._contained = contained
        java = (need_tool("java"), "-Xmx64m", *flags, "-cp", "/mnt" if contained else classes,
                "Heap")
        if contained:
            java = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c",
                    IN_A_PLACE, classes, *java)
        super().__init__(java)
        assert self.read_line() == "ready"

    @property
    def pid(self):
        if not self._contained:
            return self.process.pid
        unshare = self.process.pid
        return int(pathlib.Path(f"/proc/{unshare}/task/{unshare}/children").read_text())

    @property
    def tmp(self):
        """Its /tmp, as it is seen from outside."""
        return pathlib.Path(f"/proc/{self.pid}/root/tmp")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        assert self.read_line() == "ok"


# For a JVM that lives for a moment.
HURRY = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-Xmx32m")


def jstat(option, pid):
    """{column: figure} of one line of jstat; what it prints as "-" is missing."""
    run = subprocess.run([need_tool("jstat"), *HURRY, option, str(pid)], capture_output=True,
                         text=True, timeout=DEADLINE_SECONDS)
    assert run.returncode == 0, run.stderr
    names, figures = (line.split() for line in run.stdout.splitlines())
    return {name: float(figure) for name, figure in zip(names, figures) if figure != "-"}


def shown(body, pid):
    """{name without its prefix: figure}; collections by their kind."""
    figures = {}
    for (name, labels), value in body.samples.items():
        if name.startswith("memleak_jvm_") and ("pid", str(pid)) in labels:
            figures[dict(labels).get("collection", name.removeprefix("memleak_jvm_"))] = value
    return figures


def shown_until(exporter, pid, what, condition):
    """Scrapes until `condition(figures)` of this process is true; returns them."""
    def look():
        figures = shown(exporter.scrape(), pid)
        return figures if condition(figures) else None
    return wait_for(what, look)


def reads(body, result):
    return body.value("memleak_scrape_evidence_reads_total", kind="jvm", result=result)


def read_until(exporter, result, more=3):
    """Waits until so many more reads ended so. The first of them may be of what was before."""
    before = reads(exporter.scrape(), result)
    exporter.scrape_until(f"{more} more reads that end {result}",
                          lambda body: reads(body, result) >= before + more)


def user_folder(jvm):
    """Where the file of a JVM of our own user would be."""
    return jvm.tmp / f"hsperfdata_{os.geteuid()}"
