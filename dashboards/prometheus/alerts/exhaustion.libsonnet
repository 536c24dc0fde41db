// A group is about to reach the limit of its memory. A prediction alone never alerts: the limit must be
// near already, and the growth steady.
{
  local mixin = self,
  local config = mixin._config,
  local sel = config.memleakSelector,
  local lib = (import 'lib.libsonnet')(config),
  local evidence = (import 'evidence.libsonnet')(lib),

  local rule(severity, level) =
    local bounds = config.exhaustion[level];
    lib.alert(
      'MemleakGroupExhaustionPredicted',
      severity,
      // Whose limit it is tells Alertmanager whether the node's own alerts are the same leak.
      '(\n' + lib.predicted(
        {
          exhaustion: 'memleak_group_exhaustion_seconds{%s}' % sel,
          growth: 'memleak_group_growth_bytes_per_second{%s}' % sel,
          held: 'memleak_group_footprint_bytes{%s}' % sel,
          suspected: 'memleak_group_leak_suspected{%s}' % sel,
        },
        { exhaustion: 'group:memleak_exhaustion_seconds:troughs', suspected: 'group:memleak_leak_suspected:troughs' },
        'group:memleak_headroom:ratio',
        bounds,
        if severity == 'page' then config.imminent else null
      ) + ') * on (%s) group_left (limit) group:memleak_limit:info\n' % lib.group,
      bounds.hold,
      {
        summary: 'A group of processes is about to run out of memory.',
        description: '{{ $labels.group }} on {{ $labels.instance }} reaches {{ if eq $labels.limit "node" }}the end of all memory of its node{{ else }}its limit{{ end }} in {{ $value | humanizeDuration }}: it grows by %s; %s.' % [evidence.growth, evidence.memory],
        growth: evidence.growth,
        time_left: '{{ $value | humanizeDuration }}',
        evidence: evidence.memory,
      },
      lib.dashboards.process
    ),

  prometheusAlerts+:: {
    groups+: [{
      name: 'memleak-exhaustion',
      interval: lib.durations.text(config.every),
      rules: lib.pair(rule),
    }],
  },
}
