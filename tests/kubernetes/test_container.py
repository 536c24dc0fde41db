"""The pod as the chart writes it, as a real container: podman and runc get what a kubelet would hand to
its runtime. It must see the whole host through its own /proc, with what the default values allow."""

import json
import pathlib
import re
import shutil
import tempfile

import pytest

from rendering import REPOSITORY, container, of_kind, pod, render
from support import kernel, web
from support.containers import Podman
from support.exporter import BINARY, Exporter
from support.programs import Actor, copy_of_actor, unique
from support.requirements import need_task_iterator
from support.task_iterator import source_of
from test_readme import README, task_iterator_values, top_of_the_readme, unprivileged_values

# A user that every Debian has, and that runs nothing.
DAEMON = {"user": 1, "group": 1, "extra_groups": []}
# What the runtime's own defaults are here, too.
IGNORED = {"privileged", "runAsNonRoot"}


def podman_options(objects, folders):
    """Of the one container. `folders`: what stands here for folders of the node, and for volumes."""
    own = container(objects)
    context = dict(own["securityContext"])
    options = [f"--user={context.pop('runAsUser')}:{context.pop('runAsGroup')}"]
    capabilities = context.pop("capabilities")
    options += [f"--cap-drop={name}" for name in capabilities["drop"]]
    options += [f"--cap-add={name}" for name in capabilities.get("add", [])]
    if context.pop("readOnlyRootFilesystem"):
        options += ["--read-only", "--read-only-tmpfs=false"]
    if not context.pop("allowPrivilegeEscalation"):
        options.append("--security-opt=no-new-privileges")
    if context.pop("appArmorProfile")["type"] == "Unconfined":
        options.append("--security-opt=apparmor=unconfined")
    if (profile := context.pop("seccompProfile"))["type"] == "Localhost":
        # Where the README has it copied to.
        assert profile["localhostProfile"] in README.read_text()
        options.append(f"--security-opt=seccomp={REPOSITORY}/deploy/container/seccomp.json")
    assert context.keys() <= IGNORED
    if pod(objects)["hostPID"]:
        options.append("--pid=host")
    # Of the node, each container has its own.
    options.append("--cgroupns=private")
    volumes = {volume["name"]: volume for volume in pod(objects)["volumes"]}
    for mount in own["volumeMounts"]:
        volume = volumes[mount["name"]]
        source = folders.get(mount["name"]) or volume["hostPath"]["path"]
        options.append(f"--volume={source}:{mount['mountPath']}" + (":ro" if mount.get("readOnly") else ""))
    return options


class PodHere:
    def __init__(self, podman, name, values, folder):
        objects = render(values)
        # Shorter than pytest's own, and open to every user.
        self.folders = {mount["name"]: folder / mount["name"]
                        for mount in container(objects)["volumeMounts"] if mount["name"] != "sys"}
        for path in self.folders.values():
            path.mkdir()
        for text in (each["data"]["config.yml"] for each in of_kind(objects, "ConfigMap")):
            (self.folders["config"] / "config.yml").write_text(text)
        libraries = [f"--volume={path}:{path}:ro" for path in ("/usr", "/lib", "/lib64")]
        wrapper = podman.run_command(
            name, *podman_options(objects, self.folders), *libraries, f"--volume={BINARY}:/exporter:ro",
            cidfile=podman.rootfs / f"{name}.cid")
        # Every container of this test is in the host's network.
        args = [re.sub(r"^(--web\.health-address)=.*", r"\1=127.0.0.1:0", word)
                for word in container(objects)["args"] if not word.startswith("--web.listen-address=")]
        args = [word.replace("$(NODE_NAME)", "here") for word in args]
        self.exporter = Exporter(*args, binary="/exporter", wrapper=wrapper, env=podman.environment, urls=2)


@pytest.fixture(scope="module")
def podman():
    podman = Podman()
    yield podman
    podman.close()


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="memleak-pod-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


class Stranger(Actor):
    """Somebody else's program, in a group of its own."""

    def __init__(self, folder):
        self.group = unique("stranger")
        super().__init__(path=copy_of_actor(folder, self.group), **DAEMON)


@pytest.fixture
def stranger(folder):
    program = Stranger(folder)
    yield program
    program.kill()


def everything(stranger):
    return {"config": {"process": {"min-rss": "0", "min-age": "0s", "limit": 100000},
                       "group": {"limit": 2000}, "scrape": {"min-interval": "0s"},
                       "trend": {"slot": "1s"}, "evidence": {"group": [stranger.group]}}}


@pytest.mark.parametrize("name", ["default", "unprivileged", "task-iterator"])
def test_it_sees_the_whole_node(podman, folder, stranger, name):
    unprivileged, by_iterator = name == "unprivileged", name == "task-iterator"
    values = everything(stranger)
    if unprivileged:
        values |= unprivileged_values()
    if by_iterator:
        need_task_iterator()
        values |= task_iterator_values()
    here = PodHere(podman, name, values, folder)
    exporter = here.exporter
    try:
        before = kernel.with_memory()
        assert (stranger.pid in {pid for pid, _ in before}) and len(before) > 5
        # A newcomer shows when its name is read.
        body = exporter.scrape_until("all that were there", lambda body: {
            pid for pid, _ in before & kernel.with_memory()} <= {
                int(labels["pid"]) for labels, _ in body.find("memleak_process_resident_memory_bytes")})
        said = body.of_pid(stranger.pid)
        assert said["memleak_process_open_fds"] == kernel.open_files(stranger.pid)
        assert source_of(body) == ("bpf" if by_iterator else "procfs")
        # The node's memory, not that of the container's cgroup.
        assert body.value("memleak_node_memory_total_bytes") == kernel.meminfo()["MemTotal"]
        assert body.has("memleak_cgroup_memory_usage_bytes")
        for path in ("/-/ready", "/-/healthy"):
            assert web.request(exporter.urls[1], path).status == 200
        if unprivileged:
            assert "exe" not in body.labels("memleak_process_info", pid=str(stranger.pid))
            # What would be denied is switched off, but for the names of executables.
            assert {labels["field"] for labels, times in body.find("memleak_scrape_reads_denied_total")
                    if times > 0} == {"exe"}
            assert not body.has("memleak_process_fds")
        else:
            body = exporter.scrape_until("the evidence", lambda body: body.has(
                "memleak_process_fds", pid=str(stranger.pid)) and body.has(
                    "memleak_process_mapped_memory_bytes", pid=str(stranger.pid)))
            assert "exe" in body.labels("memleak_process_info", pid=str(stranger.pid))
            # As the README has it.
            table = podman.call("exec", name, "/exporter", *top_of_the_readme(), "--once", "--rows=1000")
            assert re.search(rf"^ *{stranger.pid} .*{stranger.group}$", table, re.M), table
            for field in ("fds", "kernel_log", "slabinfo", "stat", "limits", "cgroup"):
                assert body.value("memleak_scrape_reads_denied_total", field=field) == 0, field
    except BaseException:
        print(exporter.log())
        exporter.kill()
        raise
    exporter.stop()
    # The one thing that it writes.
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*")
                     if path.is_file() and path.name not in ("config.yml", stranger.group))
    assert written == ([] if unprivileged else ["state/trends"])


def test_the_variables_of_podman_are_complete():
    """A field of the chart's that podman would never hear of would be tested by nothing."""
    context = container(render())["securityContext"]
    assert json.loads(json.dumps(context)).keys() == IGNORED | {
        "runAsUser", "runAsGroup", "capabilities", "readOnlyRootFilesystem", "allowPrivilegeEscalation",
        "seccompProfile", "appArmorProfile"}
