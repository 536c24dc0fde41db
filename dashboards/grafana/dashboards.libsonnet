// The dashboards, by the file that each becomes.
(import 'leaks.libsonnet')
+ (import 'process.libsonnet')
+ (import 'node.libsonnet')
+ (import 'containers.libsonnet')
+ (import 'exporter.libsonnet')
