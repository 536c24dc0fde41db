{{/* 52, so that what is appended to it stays within 63. */}}
{{- define "memleak-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name is fixed: Prometheus finds the exporter by it (deploy/prometheus/kubernetes.yml). */}}
{{- define "memleak-exporter.selectorLabels" -}}
app.kubernetes.io/name: memleak-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "memleak-exporter.labels" -}}
{{ include "memleak-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "memleak-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "memleak-exporter.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "memleak-exporter.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Those that are added, a line each. values.yaml says what they are for. */}}
{{- define "memleak-exporter.capabilities" -}}
{{- $neededBy := dict
      "BPF" list
      "PERFMON" list
      "SYS_PTRACE" (list "process" "process_vm" "group" "fd_kinds" "mappings" "jvm")
      "DAC_READ_SEARCH" (list "fd_kinds" "jvm")
      "SYSLOG" (list "oom") -}}
{{- range $capability, $collectors := $neededBy -}}
{{- $when := get $.Values.capabilities $capability -}}
{{- $needed := and (has $capability (list "BPF" "PERFMON")) (eq $.Values.processSource "bpf") -}}
{{- range $collectors -}}
{{- $needed = or $needed (get $.Values.collectors .) -}}
{{- end -}}
{{- if or (eq $when "always") (and (eq $when "auto") $needed) }}
- {{ $capability }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The flag, where it is not the exporter's own default. A pod that could never start is not made. */}}
{{- define "memleak-exporter.processSource" -}}
{{- if eq .Values.processSource "bpf" -}}
{{- if ne (int .Values.runAsUser) 0 -}}
{{- fail "processSource: bpf needs capabilities, and only runAsUser: 0 gets any" -}}
{{- end -}}
{{- range list "BPF" "PERFMON" -}}
{{- if eq (get $.Values.capabilities .) "never" -}}
{{- fail (printf "processSource: bpf needs the capability that capabilities.%s: never takes away" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if ne .Values.processSource "auto" -}}
--process.source={{ .Values.processSource }}
{{- end -}}
{{- end -}}

{{/* In the node's network, only the node itself shall reach what the kubelet asks. */}}
{{- define "memleak-exporter.httpGet" -}}
httpGet:
  path: {{ .path }}
  port: health
  {{- if .Values.hostNetwork }}
  host: 127.0.0.1
  {{- end }}
{{- end -}}

{{/* The exporter's web configuration; empty where it needs none, or a Secret that is there has it. */}}
{{- define "memleak-exporter.webConfig" -}}
{{- if and .Values.web.config .Values.web.existingSecret -}}
{{- fail "web.config and web.existingSecret: only one of them can be the web configuration" -}}
{{- end -}}
{{- $config := deepCopy (.Values.web.config | default dict) -}}
{{- if .Values.web.tlsSecret -}}
{{- $files := dict
      "cert_file" "/etc/memleak-exporter/tls/tls.crt"
      "key_file" "/etc/memleak-exporter/tls/tls.key" -}}
{{- $config = merge $config (dict "tls_server_config" $files) -}}
{{- end -}}
{{- if and $config (not .Values.web.existingSecret) -}}
{{- toYaml $config -}}
{{- end -}}
{{- end -}}

{{- define "memleak-exporter.webSecretName" -}}
{{- if .Values.web.existingSecret -}}
{{- .Values.web.existingSecret -}}
{{- else if include "memleak-exporter.webConfig" . -}}
{{- include "memleak-exporter.fullname" . -}}-web
{{- end -}}
{{- end -}}

{{- define "memleak-exporter.scheme" -}}
{{- if .Values.monitor.scheme -}}
{{- .Values.monitor.scheme -}}
{{- else if hasKey (include "memleak-exporter.webConfig" . | fromYaml) "tls_server_config" -}}
https
{{- else -}}
http
{{- end -}}
{{- end -}}

{{/* What a flag of the chart would silently replace must not stand in the configuration. */}}
{{- define "memleak-exporter.config" -}}
{{- $config := .Values.config | default dict -}}
{{- range $key, $value := dict "path" "rootfs" "collector" "collectors" -}}
{{- if hasKey $config $key -}}
{{- fail (printf "config.%s: the chart sets it; see the value %s" $key $value) -}}
{{- end -}}
{{- end -}}
{{- $ofWeb := dict "listen-address" "web.port" "health-address" "web.healthPort" "ui" "web.ui" "config" "web.config" -}}
{{- range $key, $value := $ofWeb -}}
{{- if hasKey ($config.web | default dict) $key -}}
{{- fail (printf "config.web.%s: the chart sets it; see the value %s" $key $value) -}}
{{- end -}}
{{- end -}}
{{- if hasKey $config "node" -}}
{{- fail "config.node: the chart sets it, to the node's name" -}}
{{- end -}}
{{- if hasKey ($config.process | default dict) "source" -}}
{{- fail "config.process.source: the chart sets it; see the value processSource" -}}
{{- end -}}
{{- if hasKey ($config.trend | default dict) "state-file" -}}
{{- fail "config.trend.state-file: the chart sets it; see the value state" -}}
{{- end -}}
{{- if $config -}}
{{- toYaml $config -}}
{{- end -}}
{{- end -}}

{{/* What a PodMonitor and a ServiceMonitor say of their one endpoint. */}}
{{- define "memleak-exporter.endpoint" -}}
port: metrics
interval: {{ .Values.monitor.interval }}
{{- with .Values.monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
scheme: {{ include "memleak-exporter.scheme" . }}
{{- with .Values.monitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
# namespace, pod and container say whose memory a series tells of, and only the exporter knows.
honorLabels: true
# Behind those that the Operator sets itself, which give each target its own pod's names.
relabelings:
  - targetLabel: job
    replacement: memleak
  # What is measured is the node. Its name outlives the exporter's pod.
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
  # Of several shards of a Prometheus, a node stays with the one that knows its past. (Operators that
  # do not look at this label yet go by the address, and overwrite it.)
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: __tmp_hash
  # A process of the host has no such labels, and would get those of the exporter's own pod.
  - regex: namespace|pod|container|service|endpoint
    action: labeldrop
  {{- with .Values.monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
