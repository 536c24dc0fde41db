"""Wrong values: refused before anything is installed, by a message that names them."""

import json
import re

import pytest

from rendering import CHART, Refused, defaults, render, template

# [(values, what the message names)]
WRONG = [
    ({"imagee": {}}, "imagee"),
    ({"image": {"repository": ""}}, "/image/repository"),
    ({"image": {"repository": None}}, "repository"),
    ({"image": {"tag": 1.0}}, "/image/tag"),
    ({"image": {"digest": "0123"}}, "/image/digest"),
    ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy"),
    ({"imagePullSecrets": ["registry"]}, "/imagePullSecrets/0"),
    ({"fullnameOverride": "Leaks"}, "/fullnameOverride"),
    ({"config": "process: {min-rss: 32MiB}"}, "/config"),
    ({"config": {"path": {"procfs": "/p"}}}, "config.path: the chart sets it"),
    ({"config": {"collector": {"slab": False}}}, "see the value collectors"),
    ({"config": {"web": {"ui": True}}}, "see the value web.ui"),
    ({"config": {"web": {"listen-address": [":1"]}}}, "see the value web.port"),
    ({"config": {"web": {"config": {"file": "web.yml"}}}}, "see the value web.config"),
    ({"config": {"node": {"name": "a"}}}, "config.node: the chart sets it"),
    ({"config": {"process": {"source": "bpf"}}}, "see the value processSource"),
    ({"config": {"trend": {"state-file": "/trends"}}}, "see the value state"),
    ({"collectors": {"slabs": False}}, "slabs"),
    ({"collectors": {"slab": "off"}}, "/collectors/slab"),
    ({"collectors": ["slab"]}, "/collectors"),
    ({"capabilities": {"SYS_ADMIN": "always"}}, "SYS_ADMIN"),
    ({"capabilities": {"SYSLOG": True}}, "/capabilities/SYSLOG"),
    ({"capabilities": ["SYSLOG"]}, "/capabilities"),
    ({"processSource": "ebpf"}, "/processSource"),
    ({"processSource": "bpf", "runAsUser": 65534}, "only runAsUser: 0"),
    ({"processSource": "bpf", "capabilities": {"PERFMON": "never"}}, "capabilities.PERFMON: never"),
    ({"runAsUser": "root"}, "/runAsUser"),
    ({"runAsUser": -1}, "/runAsUser"),
    ({"appArmorProfile": {"type": "unconfined"}}, "/appArmorProfile/type"),
    ({"appArmorProfile": {"type": "Localhost"}}, "localhostProfile"),
    ({"seccompProfile": "RuntimeDefault"}, "/seccompProfile"),
    ({"seLinuxOptions": {"typ": "spc_t"}}, "typ"),
    ({"rootfs": "/"}, "/rootfs"),
    ({"rootfs": True}, "/rootfs"),
    ({"state": {"hostPath": "trends"}}, "/state/hostPath"),
    ({"state": {"enabled": "yes"}}, "/state/enabled"),
    ({"web": {"port": "10078"}}, "/web/port"),
    ({"web": {"port": 65536}}, "/web/port"),
    ({"web": {"config": {"basic_auth_users": {"prometheus": "secret"}}}}, "/web/config/basic_auth_users"),
    ({"web": {"config": {"tls_config": {}}}}, "tls_config"),
    ({"web": {"config": {"http_server_config": {}}, "existingSecret": "mine"}}, "only one of them"),
    ({"hostNetwork": "true"}, "/hostNetwork"),
    ({"resources": {"limit": {"memory": "1Gi"}}}, "limit"),
    ({"resources": {"limits": {"mem": "1Gi"}}}, "mem"),
    ({"tolerations": {"operator": "Exists"}}, "/tolerations"),
    ({"nodeSelector": {"gpu": True}}, "/nodeSelector/gpu"),
    ({"affinity": []}, "/affinity"),
    ({"updateStrategy": {"type": "Recreate"}}, "/updateStrategy/type"),
    ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": "ten"}}}, "/updateStrategy/rollingUpdate"),
    ({"podLabels": {"team": 7}}, "/podLabels/team"),
    ({"extraArgs": "--log.level=debug"}, "/extraArgs"),
    ({"extraArgs": ["log.level=debug"]}, "/extraArgs/0"),
    ({"extraEnv": [{"value": "UTC"}]}, "/extraEnv/0"),
    ({"serviceAccount": {"create": 1}}, "/serviceAccount/create"),
    ({"monitor": {"kind": "podmonitor"}}, "/monitor/kind"),
    ({"monitor": {"kind": "ServiceMonitor"}, "service": {"enabled": False}}, "take a PodMonitor"),
    ({"monitor": {"interval": 30}}, "/monitor/interval"),
    ({"monitor": {"interval": "30 s"}}, "/monitor/interval"),
    ({"monitor": {"scheme": "HTTPS"}}, "/monitor/scheme"),
    ({"monitor": {"basicAuth": {"user": {}}}}, "user"),
    ({"rules": True}, "/rules"),
    ({"dashboards": {"labels": {"grafana_dashboard": 1}}}, "/dashboards/labels/grafana_dashboard"),
    ({"networkPolicy": {"from": [{"podSelectors": {}}]}}, "podSelectors"),
    ({"networkPolicy": {"enabled": True}, "hostNetwork": True}, "no policy holds"),
]


@pytest.mark.parametrize("values, named", WRONG, ids=lambda part: str(part)[:70])
def test_a_wrong_value(values, named):
    with pytest.raises(Refused) as refused:
        template(values)
    # Helm writes a place as /a/b, or, before version 4, as a.b.
    said = str(refused.value).replace("'", "")
    assert named in said or named.strip("/").replace("/", ".") in said, said


def nulls(values, at=()):
    """Every value of values.yaml set to null: what stands empty in a file of somebody's values."""
    for key, value in values.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from nulls(value, (*at, key))


def with_null(place):
    values = at = {}
    for key in place[:-1]:
        at = at.setdefault(key, {})
    at[place[-1]] = None
    return values


@pytest.mark.parametrize("place", nulls(defaults()), ids=".".join)
def test_nothing_in_place_of_a_value(place):
    """What is needed is missed by name; all else is left out, and what is rendered is none the worse."""
    values = with_null(place)
    switch = {"monitor": {"kind": "PodMonitor"}}.get(place[0], {"enabled": True})
    # What is off by default would show no harm.
    if place[0] in ("monitor", "networkPolicy", "rules", "dashboards") and values[place[0]] is not None:
        values[place[0]] = switch | values[place[0]]
    try:
        objects = render(values)
    except Refused as refused:
        # Helm 4 and 3.
        assert re.search(rf"missing property '{place[-1]}'|\b{place[-1]} is required", str(refused))
    else:
        text = str([each for each in objects if each["kind"] not in ("PrometheusRule", "ConfigMap")])
        assert "None" not in text.replace("'clusterIP': 'None'", "") and "nil" not in text


def closed_objects(part, values, at=()):
    """Where values.yaml has an object that takes no other keys."""
    if part.get("additionalProperties") is False:
        yield at
    for key, inner in part.get("properties", {}).items():
        yield from closed_objects(inner, values, (*at, key))


def test_unknown_keys_everywhere():
    schema = json.loads((CHART / "values.schema.json").read_text())
    places = list(closed_objects(schema, {}))
    assert len(places) > 15
    values = {}
    for place in places:
        at = values
        for key in place:
            at = at.setdefault(key, {})
        at["_".join(("unknown", *place))] = 1
    with pytest.raises(Refused) as refused:
        template(values)
    said = str(refused.value)
    assert not [place for place in places if "_".join(("unknown", *place)) not in said], said


def test_an_old_cluster():
    with pytest.raises(Refused, match="1.30"):
        template({}, "--kube-version", "1.30.4")
    template({}, "--kube-version", "v1.31.5-eks-abcdef")
