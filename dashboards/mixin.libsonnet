// The mixin: prometheusRules, prometheusAlerts and grafanaDashboards, as users of jsonnet expect them.
(import 'config.libsonnet')
+ (import 'prometheus/rules/rules.libsonnet')
+ (import 'prometheus/alerts/alerts.libsonnet')
+ (import 'grafana/dashboards.libsonnet')
