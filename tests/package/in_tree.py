"""The part of run.sh that mounts: in_tree.py WORK TREE.tar PACKAGE.deb CGROUP"""

import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from support.exporter import Exporter  # noqa: E402
from support.tls import Authority, client_context  # noqa: E402
from support.tmux import Tmux  # noqa: E402
from support.web_config import Client, bcrypt  # noqa: E402
from machine import Machine  # noqa: E402
from tree import Tree  # noqa: E402
from support.task_iterator import reading, source_of  # noqa: E402
from unit import DROP_IN, HIGHEST_EXPOSURE, as_setpriv, capabilities_with_bpf, setting, words  # noqa: E402

PACKAGE = "memleak-exporter"
USER = "memleak_exporter"
PACKAGE_UNIT = "memleak_exporter.service"
UNIT = f"/usr/lib/systemd/system/{PACKAGE_UNIT}"
CONFIG = "/etc/memleak_exporter/config.yaml"
ARGS = "/etc/default/memleak_exporter"
STATE = "/var/lib/memleak_exporter/trends"
NEW, OLDER = "/root/new.deb", "/root/older.deb"
# Administrators who answer no questions keep what they have.
KEEP = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")

START = time.monotonic()


def say(text):
    print(f"{time.monotonic() - START:4.0f} s  {text}", flush=True)


def older(package, work):
    """The same package as an earlier version, which shipped another configuration."""
    folder = work / "older"
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.1-1", control.read_text(), flags=re.M))
    config = folder / CONFIG.lstrip("/")
    config.write_text(config.read_text() + "\n# Of an earlier version.\n")
    made = work / "older.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, made], check=True,
                   stdout=subprocess.DEVNULL)
    return made


def start_service(tree, capabilities=None, **more):
    """As systemd would by the installed unit: its user, its capabilities (or these) and no others, its
    command."""
    unit = tree.path(UNIT).read_text()
    capabilities = capabilities or words("AmbientCapabilities", unit)
    user, = setting("User", unit)
    group, = setting("Group", unit)
    folder, = setting("StateDirectory", unit)
    mode, = setting("StateDirectoryMode", unit)
    tree.run("install", "-d", "-o", user, "-g", group, "-m", mode, f"/var/lib/{folder}")
    environment, = setting("EnvironmentFile", unit)
    given = dict(line.split("=", 1) for line in tree.path(environment.lstrip("-")).read_text().splitlines()
                 if line and not line.startswith("#"))
    program, *arguments = setting("ExecStart", unit)[0].split()
    arguments = [word for argument in arguments for word in
                 (shlex.split(shlex.split(given["ARGS"] or "''")[0]) if argument == "$ARGS" else [argument])]
    wrapper = tree.command("setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups",
                           *as_setpriv(capabilities))
    return Exporter(*arguments, listen=(), urls=1, wrapper=wrapper, binary=program, **more)


def check_privileges(status, uid, capabilities):
    """What a process may, from /proc/PID/status: what the unit says, and not more."""
    of = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M))
    assert uid != "0" and of["Uid"].split() == [uid] * 4, of["Uid"]
    numbers = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_SYSLOG": 34, "CAP_PERFMON": 38,
               "CAP_BPF": 39}
    wanted = sum(1 << numbers[name] for name in capabilities)
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(of[kind], 16) == wanted, (kind, of[kind])
    assert of["NoNewPrivs"] == "1"


def denials(body):
    return {labels["field"]: value
            for labels, value in body.find("memleak_scrape_reads_denied_total")}


def check_metrics(tree, exporter):
    """With the capabilities of the unit nothing of root's is denied."""
    other = subprocess.Popen(tree.command("sleep", "1000"))
    try:
        body = exporter.scrape_until("root's process and its descriptors", lambda body: body.has(
            "memleak_process_fds", pid=str(other.pid), kind="device"))
    finally:
        other.kill()
        other.wait()
    labels = body.labels("memleak_process_info", pid=str(other.pid))
    assert labels["exe"].endswith("/sleep") and labels["user"] == "root", labels
    assert denials(body) and not any(denials(body).values()), denials(body)
    return sorted(denials(body))


def protect(authority, tree):
    """TLS and a password, as an administrator would set them up."""
    certificate = authority.issue()
    folder = tree.path("/etc/memleak_exporter")
    shutil.copy(certificate.cert, folder / "server.pem")
    shutil.copy(certificate.key, folder / "server.key")
    (folder / "web.yml").write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
                                    f"basic_auth_users: {{prometheus: '{bcrypt('Sesame')}'}}\n")
    tree.run("sh", "-c", f"cd /etc/memleak_exporter && chgrp {USER} server.key web.yml && "
             "chmod 640 server.key web.yml")
    mine = 'web: {listen-address: ["127.0.0.1:0"], config: {file: /etc/memleak_exporter/web.yml}}\n' \
           f"trend: {{state-file: {STATE}}}\n"
    tree.path(CONFIG).write_text(mine)
    return mine


def check_installation(tree, authority):
    before = tree.files()
    tree.apt("update")
    tree.apt("install", "--no-install-recommends", OLDER)
    assert not tree.path("/run/systemd/system").exists()
    assert tree.run("id", "-un", USER).strip() == USER
    assert tree.run("memleak_exporter", "--version").startswith("memleak_exporter ")
    say("installed with what it needs, where no systemd is")

    tree.path(ARGS).write_text('ARGS="--process.min-rss=0 --process.min-age=0s --evidence.group=sleep '
                               '--web.listen-address=127.0.0.1:0 --scrape.min-interval=0s"\n')
    exporter = start_service(tree)
    check_privileges(tree.path(f"/proc/{exporter.pid}/status").read_text(),
                     tree.run("id", "-u", USER).strip(), words("CapabilityBoundingSet"))
    (source, reason), = reading(exporter)
    assert source == "procfs" and "CAP_BPF and CAP_PERFMON" in reason, reason
    fields = check_metrics(tree, exporter)
    exporter.stop()
    say(f"served as the unit has it; nothing was denied ({', '.join(fields)})")

    assert "libbpf1" in tree.run("dpkg-query", "-W", "-f", "${Depends}", PACKAGE)
    exporter = start_service(tree, capabilities_with_bpf())
    assert source_of(exporter.scrape()) == "bpf", exporter.log()
    assert check_metrics(tree, exporter) == fields
    exporter.stop()
    trends = tree.path(STATE).read_bytes()
    assert trends
    say("served by the task iterator, as the unit with its drop-in has it")

    mine = protect(authority, tree)
    more = 'ARGS="--log.level=debug --log.format=json"\n'
    tree.path(ARGS).write_text(more)

    tree.apt("install", *KEEP, NEW)
    version = tree.run("dpkg-query", "-W", "-f", "${Version}", PACKAGE)
    assert version != "0.0.1-1"
    assert (tree.path(CONFIG).read_text(), tree.path(ARGS).read_text()) == (mine, more)
    assert tree.path(STATE).read_bytes() == trends
    exporter = start_service(tree, client=Client(client_context(authority), "prometheus", "Sesame"))
    assert exporter.url.startswith("https://") and '"level":"' in exporter.log()
    assert exporter.scrape().has("memleak_node_memory_total_bytes")
    exporter.stop()
    say(f"upgraded to {version}: configuration and state are kept, TLS and a password work")

    tree.apt("remove", PACKAGE)
    left = {path for path in tree.files() - before if USER in path or PACKAGE in path}
    assert not tree.path("/usr/bin/memleak_exporter").exists()
    assert {CONFIG[1:], ARGS[1:], STATE[1:]} <= left, left
    assert not {path for path in left if path.startswith("usr/")}, left
    tree.apt("install", "--no-install-recommends", *KEEP, NEW)
    assert tree.path(CONFIG).read_text() == mine
    say("removed: configuration and state stay, and are found by the next installation")

    tree.apt("purge", PACKAGE)
    tree.apt("autoremove", "--purge")
    left = tree.files() - before
    assert not left, f"left behind: {sorted(left)}"
    assert not before - tree.files(), f"gone: {sorted(before - tree.files())}"
    assert tree.run("id", "-un", USER).strip() == USER
    say("purged, with what it had brought: the tree is as it was, but for the user")


def check_shell(terminal, line, keys, wanted):
    try:
        terminal.until("ready>")
        terminal.type(line)
        terminal.keys(*keys)
        terminal.until(wanted)
    finally:
        terminal.close()


def check_tools(tree):
    tree.apt("install", "--no-install-recommends", "systemd", "procps", "curl", "man-db", "bash-completion",
             "zsh", "fish", "lintian", NEW)
    say("installed again, with the tools that judge it")

    warnings = tree.run("sh", "-c", "man --warnings -E UTF-8 memleak_exporter 2>&1 >/dev/null")
    assert warnings == "", warnings
    assert "--web.listen-address=HOST:PORT" in tree.run("man", "memleak_exporter")
    say("man renders the manual page without a warning")

    assert tree.run("fish", "-c", "complete -C 'memleak_exporter --log.level=w'").startswith(
        "--log.level=warn")
    assert tree.run("fish", "-c", "complete -C 'memleak_exporter top --so'").startswith("--sort\t")
    tree.path("/root/.bashrc").write_text("PS1='ready>'; . /usr/share/bash-completion/bash_completion\n")
    tree.path("/root/.zshrc").write_text("PS1='ready>'; autoload -U compinit; compinit -u\n")
    for shell in ("bash", "zsh"):
        inside = tree.command("env", "-i", "HOME=/root", f"PATH={tree.environment['PATH']}",
                              "TERM=screen", "LC_ALL=C.UTF-8", shell, "-i")
        check_shell(Tmux(inside), "memleak_exporter --web.li", ["Tab"],
                    "memleak_exporter --web.listen-address=")
        check_shell(Tmux(inside), "memleak_exporter --log.level=w", ["Tab"], "--log.level=warn")
        check_shell(Tmux(inside), "memleak_exporter ana", ["Tab"], "memleak_exporter analyze")
    say("bash, zsh and fish complete commands, flags and values")

    faults = [line for line in tree.run("systemd-analyze", "verify", UNIT).splitlines()
              if "memleak_exporter" in line]
    assert not faults, faults
    security = tree.run("systemd-analyze", "security", "--offline=yes", "--no-pager",
                        f"--threshold={HIGHEST_EXPOSURE}", UNIT)
    say(re.search(r"Overall.*", security)[0])

    found = tree.run("lintian", "--allow-root", "--no-cfg", "--fail-on=error", "--info", NEW,
                     status=None)
    tags = re.findall(r"^[EW]: .*$", found, re.M)
    assert not [tag for tag in tags if tag.startswith("E: ")], found
    say("lintian: " + ("; ".join(tags) or "no errors and no warnings"))


def main_pid(machine):
    """Of the service, which must run as the unit says."""
    assert machine.show(PACKAGE_UNIT, "ActiveState") == "active"
    return machine.show(PACKAGE_UNIT, "MainPID")


def with_drop_in(machine):
    """What README.md says to type for hosts of thousands of processes, and back."""
    text, = re.findall(r"^```sh\n(sudo install -D [^`]*bpf\.conf.*?)^```$",
                       (DROP_IN.parent / "README.md").read_text(), re.M | re.S)
    *commands, last = text.replace("\\\n", " ").replace("sudo ", "").splitlines()
    for command in commands:
        machine.run("sh", "-ec", command)
    machine.scrape_until("the task iterator", lambda body: source_of(body) == "bpf")
    assert machine.run("sh", "-c", last).splitlines()[-1].endswith("source=bpf")
    status = machine.run("cat", f"/proc/{main_pid(machine)}/status")
    check_privileges(status, machine.run("id", "-u", USER).strip(), capabilities_with_bpf())
    assert re.search(r"^Seccomp:\s*2$", status, re.M)
    body = machine.scrape_until("the group of root's systemd", lambda body: body.has(
        "memleak_group_processes", group="systemd"))
    assert not any(denials(body).values()), denials(body)
    machine.run("sh", "-ec", f"rm -r /etc/systemd/system/{PACKAGE_UNIT}.d && systemctl daemon-reload"
                f" && systemctl restart {PACKAGE_UNIT}")
    machine.scrape_until("/proc", lambda body: source_of(body) == "procfs")
    say("the drop-in lets the task iterator serve, behind the same walls")


def check_service(machine, tree, authority):
    """What systemd makes of the package: by the service itself, behind all that the unit forbids."""
    machine.apt("install", OLDER)
    first = main_pid(machine)
    assert machine.run("systemctl", "is-enabled", PACKAGE_UNIT).strip() == "enabled"
    status = machine.run("cat", f"/proc/{first}/status")
    check_privileges(status, machine.run("id", "-u", USER).strip(), words("CapabilityBoundingSet"))
    assert re.search(r"^Seccomp:\s*2$", status, re.M)
    # Names are read behind the first scrape.
    body = machine.scrape_until("the group of root's systemd", lambda body: body.has(
        "memleak_group_processes", group="systemd"))
    assert denials(body) and not any(denials(body).values()), denials(body)
    assert "/dev/kmsg" in machine.run("sh", "-c", f"ls -l /proc/{first}/fd")
    # By the library that is only recommended.
    assert machine.run("memleak_exporter", "health").strip() == "healthy"
    say("systemd started it; nothing was denied behind the unit's walls")

    with_drop_in(machine)

    mine = protect(authority, tree).replace("127.0.0.1:0", "127.0.0.1:9443")
    tree.path(CONFIG).write_text(mine)
    machine.run("systemctl", "restart", PACKAGE_UNIT)
    second = main_pid(machine)
    shutil.copy(authority.cert, tree.path("/root/authority.pem"))
    safely = ("https://127.0.0.1:9443/metrics", "--cacert", "/root/authority.pem", "-u", "prometheus:Sesame")
    assert machine.scrape(*safely).has("memleak_node_memory_total_bytes")
    machine.apt("install", *KEEP, NEW)
    third = main_pid(machine)
    assert len({first, second, third}) == 3, "an upgrade restarts it"
    assert machine.scrape(*safely).has("memleak_node_memory_total_bytes")
    log = machine.run("journalctl", "--no-pager", "-u", PACKAGE_UNIT)
    # Two restarts with the drop-in and without, two since.
    assert log.count("trends of an earlier run are taken up") == 4, log
    say("restarted with TLS and by an upgrade; each took up what the last had learned")

    machine.run("systemctl", "disable", "--now", PACKAGE_UNIT)
    machine.apt("install", "--reinstall", *KEEP, NEW)
    assert machine.show(PACKAGE_UNIT, "ActiveState") == "inactive"
    assert machine.run("systemctl", "is-enabled", PACKAGE_UNIT, status=1).strip() == "disabled"
    machine.run("systemctl", "enable", "--now", PACKAGE_UNIT)
    machine.apt("remove", PACKAGE)
    assert machine.run("sh", "-c", f"pgrep -x memleak_exporte; systemctl is-active {PACKAGE_UNIT}",
                       status=None).split() == ["inactive"]
    machine.apt("purge", PACKAGE)
    left = machine.run("sh", "-c", f"find /etc /var/lib/systemd /run/systemd -name '*{USER}*'").split()
    assert not left, left
    say("stays off where it was switched off; stops when it is removed; nothing is left of it")


def main():
    work, tar, package, cgroup = map(pathlib.Path, sys.argv[1:])
    tree = Tree(work / "tree", tar)
    tree.put(package, NEW)
    tree.put(older(package, work), OLDER)
    authority = Authority(work / "authority")
    say("unpacked a tree")
    check_installation(tree, authority)
    check_tools(tree)
    tree.apt("purge", PACKAGE)
    machine = Machine(tree, cgroup)
    try:
        check_service(machine, tree, authority)
    finally:
        machine.close()


try:
    main()
except AssertionError as error:
    at = traceback.extract_tb(error.__traceback__)[-1]
    print(f"FAILED  {pathlib.Path(at.filename).name}:{at.lineno}: {at.line}\n{error}")
    sys.exit(1)
