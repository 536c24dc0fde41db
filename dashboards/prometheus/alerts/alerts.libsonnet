// The alerts, by what they are about. Suspicion is a ticket; only what runs out, or has run out, pages.
{ prometheusAlerts+:: { groups+: [] } }
+ (import 'leaks.libsonnet')
+ (import 'exhaustion.libsonnet')
+ (import 'descriptors.libsonnet')
+ (import 'node.libsonnet')
+ (import 'siblings.libsonnet')
+ (import 'oom.libsonnet')
+ (import 'exporter.libsonnet')
