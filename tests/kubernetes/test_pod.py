"""What the pod may do, sees and says: least privilege, read-only mounts, probes, flags."""

import pytest

from rendering import container, defaults, of_kind, pod, render, the
from variants import BCRYPT, EVERY_COLLECTOR, VARIANTS

ALL = {"SYS_PTRACE", "DAC_READ_SEARCH", "SYSLOG"}
TASK_ITERATOR = {"BPF", "PERFMON"}
LOOKS_INTO_PROCESSES = {"process", "process_vm", "group", "fd_kinds", "mappings", "jvm"}


def added(values):
    capabilities = container(render(values))["securityContext"]["capabilities"]
    assert capabilities["drop"] == ["ALL"]
    assert len(capabilities.get("add", [])) == len(set(capabilities.get("add", [])))
    return set(capabilities.get("add", []))


def only(*names):
    return {"collectors": {name: name in names for name in EVERY_COLLECTOR}}


# What one collector needs of its own, as deploy/kubernetes/README.md has it.
@pytest.mark.parametrize("name", EVERY_COLLECTOR)
def test_capabilities_of_one_collector(name):
    expected = set()
    if name in LOOKS_INTO_PROCESSES:
        expected.add("SYS_PTRACE")
    if name in ("fd_kinds", "jvm"):
        expected.add("DAC_READ_SEARCH")
    if name == "oom":
        expected.add("SYSLOG")
    assert added(only(name)) == expected


@pytest.mark.parametrize("values, expected", [
    ({}, ALL),
    (only(), set()),
    ({"collectors": {"oom": False}}, ALL - {"SYSLOG"}),
    ({"collectors": {"fd_kinds": False}}, ALL),
    ({"collectors": {"fd_kinds": False, "jvm": False}}, ALL - {"DAC_READ_SEARCH"}),
    # Names need it still.
    ({"collectors": {"fd_kinds": False, "mappings": False, "jvm": False}}, {"SYS_PTRACE", "SYSLOG"}),
    ({"capabilities": {"SYS_PTRACE": "never"}}, ALL - {"SYS_PTRACE"}),
    (only("meminfo") | {"capabilities": {"DAC_READ_SEARCH": "always"}}, {"DAC_READ_SEARCH"}),
    # Whatever the collectors are: the task iterator is there for all of them.
    ({"processSource": "bpf"}, ALL | TASK_ITERATOR),
    (only() | {"processSource": "bpf"}, TASK_ITERATOR),
    ({"processSource": "procfs"}, ALL),
    ({"capabilities": {"BPF": "always", "PERFMON": "always"}}, ALL | TASK_ITERATOR),
    # They do not reach a process of another user.
    ({"runAsUser": 65534}, set()),
    ({"runAsUser": 65534, "capabilities": {"SYSLOG": "always"}}, set()),
], ids=str)
def test_capabilities(values, expected):
    assert added(values) == expected


@pytest.mark.parametrize("name", VARIANTS)
def test_confinement(name):
    """Whatever is asked for."""
    values = VARIANTS[name]
    spec, own = pod(render(values)), container(render(values))
    assert spec["hostPID"] is True and "hostIPC" not in spec
    assert spec.get("hostNetwork", False) is values.get("hostNetwork", False)
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
    context = own["securityContext"]
    user = values.get("runAsUser", 0)
    assert (context["runAsUser"], context["runAsGroup"]) == (user, user)
    assert context["runAsNonRoot"] is (user != 0)
    assert context["privileged"] is False and context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["seccompProfile"] == values.get("seccompProfile", {"type": "RuntimeDefault"})
    assert context["appArmorProfile"] == values.get("appArmorProfile", {"type": "Unconfined"})
    assert context.get("seLinuxOptions") == values.get("seLinuxOptions")
    assert "command" not in own and "lifecycle" not in own


@pytest.mark.parametrize("name", VARIANTS)
def test_mounts(name):
    values = VARIANTS[name]
    spec, own = pod(render(values)), container(render(values))
    volumes = {each["name"]: each for each in spec["volumes"]}
    mounts = {each["name"]: each for each in own["volumeMounts"]}
    assert volumes.keys() == mounts.keys()
    of_node = {volume["hostPath"]["path"]: mounts[name] for name, volume in volumes.items()
               if "hostPath" in volume}
    expected = {"/sys"} | {"logs": {"/var/log/pods", "/var/log/containers"}, "all": {"/"},
                           "none": set()}[values.get("rootfs", "logs")]
    state = values.get("state", {}).get("enabled", True)
    if state:
        expected.add("/var/lib/memleak-exporter")
    assert of_node.keys() == expected

    for path, mount in of_node.items():
        if path == "/var/lib/memleak-exporter":
            continue
        assert mount["readOnly"] is True
        # A private copy of all mounts would keep a volume of the node busy; only of / there are any.
        if path == "/":
            assert mount["mountPropagation"] == "HostToContainer"
        else:
            assert "mountPropagation" not in mount and mount["recursiveReadOnly"] == "IfPossible"
    for name, volume in volumes.items():
        if "hostPath" not in volume:
            assert mounts[name]["readOnly"] is True
    if "/var/log/pods" in of_node:
        for path in ("/var/log/pods", "/var/log/containers"):
            assert of_node[path]["mountPath"] == "/host/root" + path
    args = own["args"]
    assert "--path.sysfs=/host/sys" in args and of_node["/sys"]["mountPath"] == "/host/sys"
    assert "--path.rootfs=/host/root" in args
    assert ("--trend.state-file=/var/lib/memleak-exporter/trends" in args) is state


def probes(values):
    own = container(render(values))
    return own, {name: own[name + "Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}


@pytest.mark.parametrize("name", ["default", "safe", "safe-by-secrets", "whole-node"])
def test_probes(name):
    """Plain, without a header, and on the address that neither password nor certificate protects."""
    values = VARIANTS[name]
    own, asked = probes(values)
    ports = {port["name"]: port["containerPort"] for port in own["ports"]}
    web = values.get("web", {})
    assert ports == {"metrics": web.get("port", 10078), "health": web.get("healthPort", 10079)}
    host = "127.0.0.1" if values.get("hostNetwork") else ""
    assert f"--web.health-address={host}:{ports['health']}" in own["args"]
    assert f"--web.listen-address=:{ports['metrics']}" in own["args"]
    for kind, get in asked.items():
        path = "/-/healthy" if kind == "liveness" else "/-/ready"
        assert get == {"path": path, "port": "health"} | ({"host": host} if host else {})


def test_arguments():
    assert container(render())["args"] == [
        "--web.listen-address=:10078", "--web.health-address=:10079", "--no-web.ui",
        "--path.sysfs=/host/sys", "--path.rootfs=/host/root", "--node.name=$(NODE_NAME)",
        "--trend.state-file=/var/lib/memleak-exporter/trends"]
    of_site = container(render(VARIANTS["of-a-site"]))
    assert [each["name"] for each in of_site["env"]] == ["NODE_NAME", "TZ"]
    assert of_site["env"][0]["valueFrom"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}
    assert of_site["args"][-2:] == ["--log.level=debug", "--trend.slot=2m"]
    args = container(render({"collectors": {"slab": False, "process_vm": True}, "web": {"ui": True}}))["args"]
    assert {"--no-collector.slab", "--collector.process_vm", "--web.ui"} <= set(args)
    assert sum("collector." in word for word in args) == 2
    for source in ("auto", "procfs", "bpf"):
        args = container(render({"processSource": source}))["args"]
        assert [word for word in args if "process.source" in word] == (
            [] if source == "auto" else [f"--process.source={source}"])


def test_configuration_restarts_the_pods():
    def template_of(values):
        objects = render(values)
        maps = of_kind(objects, "ConfigMap")
        return the(objects, "DaemonSet")["spec"]["template"], maps and maps[0]["data"]["config.yml"]

    plain, none = template_of({})
    one, text = template_of({"config": {"process": {"min-rss": "32MiB"}}})
    other, _ = template_of({"config": {"process": {"min-rss": "64MiB"}}})
    assert not none and "--config.file" not in str(plain)
    assert "--config.file=/etc/memleak-exporter/config/config.yml" in str(one)
    assert text == "process:\n  min-rss: 32MiB\n"
    assert one["metadata"] != other["metadata"]
    # A changed password does not: it is taken up by the exporter as it runs. TLS is not.
    user = {"basic_auth_users": {"a": BCRYPT}}
    first, _ = template_of({"web": {"config": user}})
    assert first == template_of({"web": {"config": {"basic_auth_users": {"b": BCRYPT}}}})[0]
    tls = {"tls_server_config": {"cert_file": "a", "key_file": "b"}}
    assert first != template_of({"web": {"config": user | tls}})[0]


def test_web_secrets():
    objects = render(VARIANTS["safe"])
    secret = the(objects, "Secret")
    assert secret["metadata"]["name"] in str(pod(objects)["volumes"])
    text = secret["stringData"]["web.yml"]
    # What the values say counts, and the files of the Secret are added to it.
    for line in ("min_version: TLS13", "cert_file: /etc/memleak-exporter/tls/tls.crt",
                 "key_file: /etc/memleak-exporter/tls/tls.key", "X-Frame-Options: deny"):
        assert line in text
    # Nothing of it is where people without a right to Secrets can see it.
    assert BCRYPT not in str([each for each in objects if each["kind"] != "Secret"])
    objects = render(VARIANTS["safe-by-secrets"])
    assert not of_kind(objects, "Secret")
    assert {volume["secret"]["secretName"] for volume in pod(objects)["volumes"] if "secret" in volume} == {
        "web-configuration", "memleak-exporter-tls"}


def test_a_user_of_its_own_reads_its_secrets():
    spec = pod(render({"runAsUser": 65534, "web": {"existingSecret": "mine"}}))
    assert spec["securityContext"] == {"fsGroup": 65534}
    web, = (volume["secret"] for volume in spec["volumes"] if volume["name"] == "web")
    assert web["defaultMode"] == 0o440


def test_scheduling():
    objects = render()
    spec = pod(objects)
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert spec["priorityClassName"] == "system-cluster-critical"
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    strategy = the(objects, "DaemonSet")["spec"]["updateStrategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}
    # A new pod beside the old one would write the same state file.
    assert "maxSurge" not in str(strategy)
    assert container(objects)["resources"] == defaults()["resources"]
    of_site = render(VARIANTS["of-a-site"])
    assert "priorityClassName" not in pod(of_site) and "tolerations" not in pod(of_site)
    assert container(of_site)["resources"] == {
        "requests": {"cpu": 0.1, "memory": "64Mi"}, "limits": {"cpu": "1"}}


def test_no_right_and_no_token():
    objects = render(VARIANTS["monitored"])
    account = the(objects, "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert pod(objects)["serviceAccountName"] == account["metadata"]["name"]
    assert not {each["kind"] for each in objects} & {
        "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    of_others = render(VARIANTS["of-a-site"])
    assert not of_kind(of_others, "ServiceAccount")
    assert pod(of_others)["serviceAccountName"] == "of-others"


def test_network_policy():
    assert not of_kind(render(), "NetworkPolicy")
    objects = render(VARIANTS["monitored"])
    policy = the(objects, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and policy["egress"] == []
    assert policy["ingress"] == [{"ports": [{"port": "metrics"}],
                                  "from": VARIANTS["monitored"]["networkPolicy"]["from"]}]
    daemonset = the(objects, "DaemonSet")["spec"]
    assert policy["podSelector"] == daemonset["selector"]
    assert policy["podSelector"]["matchLabels"].items() <= daemonset["template"]["metadata"]["labels"].items()
    service = the(objects, "Service")["spec"]
    assert service["selector"] == daemonset["selector"]["matchLabels"] and service["clusterIP"] == "None"
