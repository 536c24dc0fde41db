// The recording rules. What they record is named level:metric:operation; the level is what one series
// is about: `group` (of one node), `process`, `node`.
{ prometheusRules+:: { groups+: [] } }
+ (import 'troughs.libsonnet')
+ (import 'levels.libsonnet')
+ (import 'siblings.libsonnet')
+ (import 'suspects.libsonnet')
