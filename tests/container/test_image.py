"""The image: what is in it, and that run as documented it sees the whole host."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

import pytest

import readme
from host import DAEMON, PATHS, Residents, Victim, documented_options
from image import TAG, Archive, Builder, locked
from support.exporter import EXPORT_ALL, Exporter
from support.programs import Program, copy_of, unique
from support.requirements import need_task_iterator
from support.task_iterator import reading
from support.tmux import Tmux
from support.waiting import DEADLINE_SECONDS, wait_for

pytestmark = pytest.mark.long

PROGRAM = "/usr/bin/memleak_exporter"
# podman would ask it to look at the health now and then.
WITHOUT_SYSTEMD = {"DISABLE_HC_SYSTEMD": "true"}


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    directory = tmp_path_factory.mktemp("image")
    with locked():
        told = Builder(directory).build(directory / "image.tar")
    return Archive(directory / "image.tar", told)


@pytest.fixture(scope="module")
def image(podman, archive):
    """In podman's storage, with what podman needs on a machine without systemd."""
    podman.call("load", "--input", archive.path)
    return TAG


def said(archive):
    """{label without its prefix: value}"""
    return {name.removeprefix("org.opencontainers.image."): value
            for name, value in archive.config["config"]["Labels"].items()}


def test_what_it_says_of_itself(archive):
    config = archive.config["config"]
    labels = said(archive)
    assert labels["title"] == "memleak_exporter"
    assert labels["licenses"] == "Apache-2.0"
    assert labels["revision"] == archive.told["REVISION"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["version"])
    assert labels["base.name"] == archive.told["BASE"]
    assert labels["source"].startswith("https://") and labels["description"]
    assert config["Entrypoint"] == [PROGRAM]
    assert [word.partition("=")[0] for word in config["Cmd"]] == [
        "--path.procfs", "--path.sysfs", "--path.rootfs"]
    assert config["Healthcheck"]["Test"] == ["CMD", PROGRAM, "health"]
    assert list(config["ExposedPorts"]) == ["10078/tcp"]
    assert (config["User"], config["StopSignal"]) == ("0", "SIGTERM")
    assert "LANG=C.UTF-8" in config["Env"]


def test_what_is_in_it(archive):
    """The program and what it loads; nobody's tools, caches or privileges."""
    programs = {name for name, member in archive.members.items()
                if member.isreg() and member.mode & 0o111 and not re.search(r"\.so(\.|$)", name)}
    assert programs == {PROGRAM.lstrip("/")}
    assert {name.partition("/")[0] for name in archive.members} == {
        "etc", "lib", "lib64", "usr", "var"}
    assert not [name for name, member in archive.members.items()
                if member.mode & (stat.S_ISUID | stat.S_ISGID)
                or any("capability" in key for key in member.pax_headers)]
    assert all((member.uid, member.gid) == (0, 0) for member in archive.members.values())
    assert not [name for name in archive.members if re.match(r"var/(lib/apt|cache|log)/", name)]
    assert "trixie" in archive.text("usr/lib/os-release")
    for terminal in ("x/xterm", "x/xterm-256color", "l/linux", "s/screen", "t/tmux-256color"):
        assert [name for name in archive.members if name.endswith(f"/terminfo/{terminal}")]
    assert archive.text("etc/ssl/certs/ca-certificates.crt").startswith("-----BEGIN")


def test_scanners_find_the_packages(archive):
    """Each library is of a package, whose version and licence are there."""
    stated = {name.rpartition("/")[2]: archive.text(name) for name in archive.members
              if re.fullmatch(r"var/lib/dpkg/status\.d/.+", name)}
    assert {"libbpf1", "libc6", "libstdc++6", "libssl3t64", "libcurl4t64", "ca-certificates"} <= stated.keys()
    for package, stanza in stated.items():
        fields = dict(re.findall(r"^([\w-]+): (.*)$", stanza, re.M))
        assert fields["Package"] == package and fields["Version"] and fields["Architecture"]
        assert archive.text(f"usr/share/doc/{package}/copyright")
    assert "Apache License" in archive.text("usr/share/doc/memleak_exporter/copyright")


def test_its_size(archive):
    """As the README tells it."""
    size = sum(map(len, archive.contents.values()))
    told = int(re.search(r"(\d+) MB", readme.TEXT)[1])
    assert abs(size / 1e6 - told) <= 0.05 * told, f"{size} bytes in {len(archive.contents)} files"


@pytest.fixture
def run_image(podman, image, tmp_path):
    """Runs it in the background as documented, but for the port; ends it when the test is over."""
    env = os.environ | podman.environment | WITHOUT_SYSTEMD
    started = []

    class Container:
        def __init__(self, *options, flags=(), url="http://127.0.0.1:10078"):
            documented = [option for option in podman.options("documented")
                          if not option.startswith("--network=")]
            # A network of its own, in which the port is free.
            self.id = self._podman("run", "--detach", "--network=none", *documented,
                                   *readme.run_options(), *options, image, *flags).stdout.strip()
            started.append(self)
            wait_for("health", lambda: self.run("health", f"--url={url}").returncode == 0)

        @staticmethod
        def _podman(*arguments, check=True):
            return subprocess.run([*podman.command, *arguments], env=env, check=check, text=True,
                                  capture_output=True, stdin=subprocess.DEVNULL,
                                  timeout=DEADLINE_SECONDS)

        def exec_command(self, *arguments, tty=False):
            options = ["--interactive", "--tty"] if tty else []
            return [*podman.command, "exec", *options, self.id, PROGRAM, *arguments]

        def run(self, *arguments):
            return subprocess.run(self.exec_command(*arguments), env=env, capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL, timeout=DEADLINE_SECONDS)

        def log(self):
            return self._podman("logs", self.id).stderr

        def healthcheck(self):
            return self._podman("healthcheck", "run", self.id, check=False)

        def stop(self):
            """Returns the exit code; that of who has to be killed is 137."""
            self._podman("stop", f"--time={DEADLINE_SECONDS // 2}", self.id)
            return json.loads(self._podman("inspect", self.id).stdout)[0]["State"]["ExitCode"]

        def remove(self):
            self._podman("rm", "--force", "--time=0", self.id)

    yield Container
    for container in started:
        container.remove()


def test_as_documented(run_image, podman, tmp_path):
    """The README's command, its health check, its table in the terminal, and its end."""
    residents = Residents()
    container = run_image()
    assert container.healthcheck().returncode == 0
    refused = container.run("health", "--url=http://127.0.0.1:1")
    assert refused.returncode == 1 and refused.stderr

    once = container.run("top", "--once")
    assert once.returncode == 0, once
    assert "http://localhost:10078" in once.stdout.splitlines()[0]
    # All of the host's processes, with the host's pids and sizes.
    seen = json.loads(container.run("top", "--json").stdout)
    pids = {row["pid"] for row in seen["processes"]}
    assert residents.pids() <= pids
    (source, reason), = reading(container)
    assert source == "procfs" and "CAP_BPF and CAP_PERFMON" in reason, reason
    own, = (row for row in seen["processes"] if row["pid"] == os.getpid())
    assert own["comm"] == pathlib.Path("/proc/self/comm").read_text().rstrip()

    with contextlib.closing(Tmux(container.exec_command("top", tty=True),
                                 env=podman.environment)) as terminal:
        terminal.until("VERDICT")
        terminal.keys("q")
        terminal.until("exit code 0")
    assert container.stop() == 0


def test_the_task_iterator_serves(run_image):
    """With what the README adds for hosts of thousands of processes."""
    need_task_iterator()
    residents = Residents()
    container = run_image(*readme.options_for_bpf())
    assert reading(container) == [("bpf", "")]
    seen = json.loads(container.run("top", "--json").stdout)
    assert residents.pids() <= {row["pid"] for row in seen["processes"]}
    assert container.stop() == 0


def test_health_of_one_with_a_password(run_image, tmp_path):
    """By the address for probes, which wants none, and the command of the README."""
    secret = tmp_path / "web.yml"
    password = "$2y$10$njVvESvccx0IVYLDXpxu.uRVKal.060x7uQxJxubcoedhz19l/qaC"
    secret.write_text(f"basic_auth_users: {{somebody: {password}}}\n")
    command, = re.findall(r"^--health-cmd='(.*)'$", readme.TEXT, re.M)
    address, = re.findall(r"`--web.health-address=(\S+)`", readme.TEXT)
    assert f"http://{address}" in command
    container = run_image(f"--volume={secret}:/web.yml:ro", f"--health-cmd={command}", flags=(
        *PATHS, "--web.config.file=/web.yml", f"--web.health-address={address}"),
        url=f"http://{address}")
    assert container.healthcheck().returncode == 0
    assert "password" in container.run("health").stderr
    assert container.stop() == 0


def test_state_file(run_image, tmp_path):
    """On a volume, in an image that is read only otherwise."""
    volume = f"--volume={tmp_path}:/var/lib/memleak_exporter"
    flags = (*PATHS, "--trend.state-file=/var/lib/memleak_exporter/trends")
    container = run_image(volume, flags=flags)
    assert container.stop() == 0
    assert (tmp_path / "trends").stat().st_size > 0


def test_it_sees_the_host(podman, image):
    """Executables, users, descriptors, evidence of a suspect, containers and OOM kills."""
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="memleak-e2e-"))
        stack.callback(shutil.rmtree, directory)
        directory.chmod(0o755)
        group = unique("leaking")
        leaking = Program([copy_of("sockets", directory, group), "leak", "4"], **DAEMON,
                          stderr=subprocess.DEVNULL)
        stack.callback(leaking.kill)
        neighbour = podman.start_actor("beside", "--memory=64m")
        victim = Victim(stack, directory)
        residents = Residents()

        wrapper = (*podman.command, "run", "--interactive", *podman.options("seeing"),
                   *documented_options(podman))
        exporter = Exporter(*EXPORT_ALL, *PATHS, "--trend.slot=500ms", binary=image,
                            wrapper=wrapper, env=podman.environment | WITHOUT_SYSTEMD)
        stack.callback(exporter.stop)

        exporter.scrape_until("the victim", lambda body: body.has(
            "memleak_process_info", group=victim.group))
        body = exporter.scrape_until("all processes", lambda body: residents.pids() <= {
            int(labels["pid"]) for labels, _ in body.find("memleak_process_info")})
        labels = body.labels("memleak_process_info", pid=str(leaking.pid))
        assert (labels["exe"], labels["user"]) == (str(directory / group), "daemon")
        victim.die()
        exporter.scrape_until("the kill", lambda body: body.has(
            "memleak_oom_kills_total", group=victim.group))
        exporter.scrape_until("the container's name", lambda body: body.has(
            "memleak_cgroup_headroom_bytes", cgroup=neighbour.cgroup, container="beside"))
        body = exporter.scrape_until("evidence of the suspect", lambda body: body.has(
            "memleak_process_fds", pid=str(leaking.pid), kind="socket") and body.has(
            "memleak_process_mapped_memory_bytes", pid=str(leaking.pid)))
        # With what is documented nothing is refused but what root may not see here either.
        refused = {labels["field"]: times for labels, times in
                   body.find("memleak_scrape_reads_denied_total") if times > 0}
        assert refused.pop("exe", 0) <= len(residents.hidden_executables()) and not refused
