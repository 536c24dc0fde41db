"""Values under which the chart is rendered, and every object looked at."""

SECRET_KEY = {"name": "prometheus-client", "key": "password"}
BCRYPT = "$2y$04$" + "a" * 53
EVERY_COLLECTOR = (
    "process", "process_vm", "fd_kinds", "mappings", "jvm", "group", "cgroup", "oom", "meminfo",
    "node_trend", "swap", "vmstat", "pressure", "slab", "buddyinfo", "filefd", "process_count")

VARIANTS = {
    "default": {},
    "monitored": {
        "monitor": {"kind": "PodMonitor", "labels": {"release": "kube-prometheus-stack"}},
        "rules": {"enabled": True, "labels": {"release": "kube-prometheus-stack"}},
        "dashboards": {"enabled": True},
        "networkPolicy": {"enabled": True, "from": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
             "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}]},
    },
    "service-monitor": {
        "monitor": {"kind": "ServiceMonitor", "scrapeTimeout": "20s", "annotations": {"owner": "sre"},
                    "metricRelabelings": [{"regex": "exe", "action": "labeldrop"}],
                    "relabelings": [{"targetLabel": "team", "replacement": "core"}]},
    },
    "safe": {
        "web": {"tlsSecret": "memleak-exporter-tls", "config": {
            "basic_auth_users": {"prometheus": BCRYPT},
            "tls_server_config": {"min_version": "TLS13"},
            "http_server_config": {"headers": {"X-Frame-Options": "deny"}}}},
        "monitor": {"kind": "PodMonitor",
                    "tlsConfig": {"serverName": "memleak-exporter.monitoring.svc",
                                  "ca": {"secret": {"name": "memleak-exporter-tls", "key": "ca.crt"}}},
                    "basicAuth": {"username": SECRET_KEY | {"key": "username"}, "password": SECRET_KEY}},
    },
    "safe-by-secrets": {
        "web": {"existingSecret": "web-configuration", "tlsSecret": "memleak-exporter-tls"},
        "monitor": {"kind": "ServiceMonitor", "scheme": "https",
                    "tlsConfig": {"insecureSkipVerify": True}},
    },
    "unprivileged": {
        "runAsUser": 65534, "state": {"enabled": False}, "appArmorProfile": {"type": "RuntimeDefault"},
    },
    "node-only": {
        "collectors": {name: False for name in EVERY_COLLECTOR} | {"meminfo": True, "vmstat": True},
        "rootfs": "none", "state": {"enabled": False},
    },
    "whole-node": {
        "rootfs": "all", "hostNetwork": True, "seLinuxOptions": {"type": "spc_t"},
        "appArmorProfile": {"type": "Localhost", "localhostProfile": "memleak-exporter"},
        "web": {"ui": True, "port": 9900, "healthPort": 9901},
    },
    "task-iterator": {
        "processSource": "bpf",
        "seccompProfile": {"type": "Localhost", "localhostProfile": "memleak-exporter.json"},
    },
    "of-a-site": {
        "image": {"repository": "registry.example.org/tools/memleak-exporter",
                  "digest": "sha256:" + "0123456789abcdef" * 4, "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "fullnameOverride": "leaks",
        "config": {"process": {"min-rss": "32MiB"}, "log": {"format": "json"},
                   "group": {"rules": [{"name": "shard-\\1", "match": "--shard=(\\d+)"}]}},
        "capabilities": {"SYS_PTRACE": "never", "DAC_READ_SEARCH": "always"},
        "resources": {"requests": {"cpu": 0.1}, "limits": {"cpu": "1", "memory": None}},
        "tolerations": [], "nodeSelector": {"pool": "workers"}, "priorityClassName": "",
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [
                {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]}]}]}}},
        "updateStrategy": {"type": "OnDelete", "rollingUpdate": None},
        "annotations": {"owner": "sre"}, "podAnnotations": {"team": "sre"}, "podLabels": {"team": "sre"},
        "extraArgs": ["--log.level=debug", "--trend.slot=2m"],
        "extraEnv": [{"name": "TZ", "value": "UTC"}],
        "serviceAccount": {"create": False, "name": "of-others"},
        "service": {"enabled": False},
    },
}
